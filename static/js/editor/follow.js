/* Following someone: the text scrolls with their caret until we type, scroll or press Esc. */

import { Signals } from "./signal.js";
import { toIndex } from "./positions.js";
import { EditorView } from "./vendor.js";
import { element, hueClass } from "./ui.js";

const KEYS = new Set(["PageUp", "PageDown", "Home", "End", "ArrowUp", "ArrowDown", " "]);

export class Follow {
  /* Signals: changed. */
  constructor({ stage, pill, session, presence, notify }) {
    Object.assign(this, { stage, pill, session, presence, notify, client: null, signals: new Signals() });
    presence.signals.on("changed", () => this.#track());
    session.signals.on("made", () => this.stop());
    for (const type of ["wheel", "touchmove"]) stage.addEventListener(type, () => this.stop(), { passive: true });
    stage.addEventListener("keydown", (event) => KEYS.has(event.key) && this.#inText(event) && this.stop());
  }

  attach(view) {
    this.view = view;
  }

  toggle(person) {
    if (this.client === person.client) this.stop();
    else if (!person.followable) this.notify(`${person.user.name} does not want to be followed`);
    else this.#start(person);
  }

  stop() {
    if (this.client === null) return false;
    this.client = null;
    this.stage.classList.remove("following", hueClass(this.hue));
    this.pill.hidden = true;
    this.pill.replaceChildren();
    this.presence.set({ view: { following: null } });
    this.signals.emit("changed");
    return true;
  }

  #start(person) {
    this.stop();
    this.client = person.client;
    this.hue = person.user.hue;
    this.seen = null;
    this.stage.classList.add("following", hueClass(this.hue));
    this.pill.className = hueClass(this.hue);
    this.pill.replaceChildren(
      element("strong", { text: `Following ${person.user.name.split(" ")[0]}` }),
      element("span", { text: matchMedia("(pointer: coarse)").matches ? "Type or scroll to stop" : "Type or press Esc to stop" }),
    );
    this.pill.hidden = false;
    this.presence.set({ view: { following: person.client } });
    this.signals.emit("changed");
    this.#track();
  }

  #inText(event) {
    return Boolean(this.view?.dom.contains(event.target));
  }

  #track() {
    if (this.client === null) return;
    const person = this.presence.peers().find((peer) => peer.client === this.client);
    if (!person) {
      this.stop();
      return;
    }
    const mark = JSON.stringify([person.cursor, person.line]);
    if (mark === this.seen) return;
    this.seen = mark;
    this.#scroll(person);
  }

  #scroll(person) {
    const head = person.cursor && toIndex(this.session.text, person.cursor.head);
    const { doc } = this.view.state;
    if (head !== null && head <= doc.length) {
      this.view.dispatch({ effects: EditorView.scrollIntoView(head, { y: "center" }) });
    } else if (person.line) {
      const line = doc.line(Math.min(person.line, doc.lines));
      this.view.dispatch({ effects: EditorView.scrollIntoView(line.from, { y: "start", yMargin: 16 }) });
    }
  }
}
