/* Starting a thread: the button beside a selection, the composer at the top of the rail, the words marked meanwhile.
   The same button puts a thread whose words are gone on other words. */

import { toast } from "../toasts.js";
import { element, icon } from "../editor/ui.js";
import { anchorAt } from "./anchors.js";
import { draftOf, dropDraft, keepDraft } from "./drafts.js";
import { showActive } from "./highlights.js";
import { COMPOSED } from "./places.js";

const FIELDS = ["quote", "prefix", "suffix", "from", "to", "start", "end", "epoch"];
const LONGEST = 10_000; // characters of a quote
const GAP = 6;

const form = () => document.getElementById("thread-new");

export class Compose {
  /* show(): makes the rail's tab visible. */
  constructor({ session, view, places, canComment, show, moveTo }) {
    Object.assign(this, { session, view, places, canComment, show, moveTo, moving: null });
    this.bubble = element("button", { class: "btn thread-bubble", type: "button", hidden: true, pointerdown: (event) => event.preventDefault(), click: () => this.take() });
    (view.dom.closest("main") ?? document.body).append(this.bubble);
    document.addEventListener("scroll", () => this.#place(), { capture: true, passive: true });
    document.addEventListener("click", (event) => event.target.closest?.("[data-compose-cancel]") && this.cancel());
    document.addEventListener("keydown", (event) => this.#escape(event));
    document.addEventListener("comment:sent", (event) => event.detail.kind === "start" && this.#sent());
    document.addEventListener("formdata", (event) => event.target === form() && this.#fill(event.formData));
    document.addEventListener("htmx:after:swap", () => this.restore());
    places.signals.on("changed", () => this.#gone());
  }

  get selection() {
    const { from, to } = this.view.state.selection.main;
    return from === to ? null : { from, to };
  }

  /* After each change of the selection. */
  selected() {
    if (!this.canComment()) return;
    const label = this.moving ? "Put the comment here" : "Comment";
    if (this.bubble.textContent !== label) this.bubble.replaceChildren(icon("message-square-plus"), label);
    this.#place();
  }

  #place() {
    const { view, selection } = this;
    const isOn = Boolean(selection) && view.hasFocus && this.canComment();
    if (this.bubble.hidden && !isOn) return;
    view.requestMeasure({
      key: this,
      read: () => (isOn && this.selection ? { box: view.coordsAtPos(this.selection.to, -1), pane: (view.dom.closest(".pane") ?? view.dom).getBoundingClientRect() } : null),
      write: (found) => this.#draw(found),
    });
  }

  #draw(found) {
    const { box, pane } = found ?? {};
    const isSeen = box && box.bottom > Math.max(0, pane.top) && box.top < Math.min(innerHeight, pane.bottom);
    this.bubble.hidden = !isSeen;
    if (!isSeen) return;
    const left = Math.min(box.right + GAP, Math.min(innerWidth, pane.right) - this.bubble.offsetWidth - GAP);
    this.bubble.style.left = `${Math.max(GAP, left)}px`; // through the CSSOM, which the page's policy allows
    this.bubble.style.top = `${Math.min(box.bottom + GAP, innerHeight - this.bubble.offsetHeight - GAP)}px`;
  }

  /* Whatever the button says. False where there is nothing to do. */
  take() {
    const span = this.selection;
    if (!span || !this.canComment()) return false;
    if (span.to - span.from > LONGEST) {
      toast(`Select at most ${LONGEST.toLocaleString("en")} characters`, { icon: "info" });
      return true;
    }
    const anchor = { ...anchorAt(this.session.text, span.from, span.to), epoch: this.session.epoch };
    this.bubble.hidden = true;
    if (this.moving) {
      this.moveTo(this.moving, anchor);
      this.stopMoving();
    } else this.open(anchor);
    return true;
  }

  async open(anchor) {
    await this.show();
    if (!form()) return;
    this.#compose(anchor);
    const field = form().querySelector("textarea");
    keepDraft(field, { anchor });
    field.focus();
    form().scrollIntoView({ block: "nearest" });
  }

  #compose(anchor) {
    const box = form();
    box.classList.add("composing");
    const quote = box.querySelector("[data-quote]");
    quote.textContent = anchor.quote;
    quote.hidden = false;
    box.querySelector("textarea").placeholder = "Comment, or @mention someone";
    this.places.put({ ...anchor, id: COMPOSED });
    showActive(this.view, COMPOSED);
  }

  /* A comment that was begun before a reload, or before the panel was drawn again. */
  restore() {
    const box = form();
    const field = box?.querySelector("textarea");
    if (!field || box.classList.contains("composing")) return;
    const anchor = draftOf(field)?.anchor ?? (this.places.has(COMPOSED) ? this.places.anchors.get(COMPOSED) : null);
    if (anchor) this.#compose(anchor);
  }

  /* The words as they are at this moment; the server takes them as they are seen. */
  #fill(data) {
    const anchor = this.places.anchors.get(COMPOSED) ?? draftOf(form().querySelector("textarea"))?.anchor;
    if (!anchor) return;
    const span = this.places.spanOf(COMPOSED);
    const now = span && span !== "gone" ? { ...anchorAt(this.session.text, span.from, span.to), epoch: this.session.epoch } : anchor;
    for (const name of FIELDS) data.set(name, String(now[name] ?? ""));
  }

  #gone() {
    form()?.classList.toggle("gone", this.places.spanOf(COMPOSED) === "gone");
  }

  /* Back to the text, behind the words. */
  #sent() {
    const wasOnWords = this.places.has(COMPOSED);
    this.close();
    if (!wasOnWords || matchMedia("(pointer: coarse)").matches) return;
    this.view.dispatch({ selection: { anchor: this.view.state.selection.main.to } });
    this.view.focus();
  }

  cancel() {
    const field = form()?.querySelector("textarea");
    if (!field) return;
    dropDraft(field);
    field.value = "";
    this.close();
    this.view.focus();
  }

  close() {
    const box = form();
    this.places.drop(COMPOSED);
    showActive(this.view, null);
    if (!box) return;
    box.classList.remove("composing", "gone");
    box.querySelector("[data-quote]").hidden = true;
    box.querySelector("textarea").placeholder = "Comment on the whole prompt";
  }

  #escape(event) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    if (this.moving) this.stopMoving();
    else if (form()?.contains(event.target) && !event.target.value.trim()) this.cancel();
  }

  startMoving(id) {
    this.moving = id;
    toast("Select the words in the prompt, then press Put the comment here", { icon: "info" });
    this.selected();
    this.view.focus();
  }

  stopMoving() {
    this.moving = null;
    this.selected();
  }
}
