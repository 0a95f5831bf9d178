/* The avatars of who is here: click one to follow, +n lists everyone with the line they are on. */

import { AWAY_MS } from "./presence.js";
import { toIndex } from "./positions.js";
import { announce } from "./signal.js";
import { avatar, element, hueClass, icon, openMenu } from "./ui.js";

const SHOWN = 4;
const QUIET_MS = 10_000; // joins and leaves are spoken at most this often

/* One entry a person, however many tabs they have open; the tab that moved last speaks for them. Pure. */
export function gather(peers, now) {
  const people = new Map();
  for (const peer of [...peers].sort((a, b) => b.movedAt - a.movedAt)) {
    if (people.has(peer.user.id)) continue;
    people.set(peer.user.id, { ...peer, away: now - peer.movedAt > AWAY_MS });
  }
  return [...people.values()].sort((a, b) => a.client - b.client);
}

/* "Kenji and Priya are editing": what changed since it was last said. Pure. */
export function spoken(before, after) {
  const came = after.filter((person) => !before.some((other) => other.user.id === person.user.id)).map((person) => person.user.name);
  const left = before.filter((person) => !after.some((other) => other.user.id === person.user.id)).map((person) => person.user.name);
  const list = (names) => new Intl.ListFormat("en").format(names);
  const parts = [];
  if (came.length) parts.push(`${list(came)} ${came.length > 1 ? "are" : "is"} here.`);
  if (left.length) parts.push(`${list(left)} left.`);
  return parts.join(" ");
}

export class People {
  constructor({ host, session, presence, follow }) {
    Object.assign(this, { host, session, presence, follow, people: [], said: [], spokenAt: 0 });
    this.live = element("div", { class: "vh", role: "status", "aria-live": "polite" });
    document.body.append(this.live);
    presence.signals.on("changed", () => this.#soon());
    follow.signals.on("changed", () => this.render());
    session.signals.on("live", () => this.#soon());
    setInterval(() => this.render(), 60_000); // people turn away without a message
    this.render();
  }

  #soon() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.render();
    }, 150);
  }

  render() {
    const me = this.session.hello?.user ?? this.session.boot.user;
    const others = gather(this.presence.peers(), Date.now()).filter((person) => person.user.id !== me.id);
    const changed = JSON.stringify(others.map(brief)) !== JSON.stringify(this.people.map(brief));
    this.people = others;
    this.#draw(others, me);
    if (!changed) return;
    announce("presence:changed", { people: others.map(brief) });
    this.#speak();
  }

  #draw(others, me) {
    const shown = others.length > SHOWN - 1 ? others.slice(0, SHOWN - 1) : others;
    const rest = others.length - shown.length;
    const mark = JSON.stringify([me, rest, this.follow.client, shown.map((person) => [person.user, person.client, person.away, person.followable, this.#note(person)])]);
    if (mark === this.drawn) return; // an avatar under the pointer or in focus is left alone
    this.drawn = mark;
    const focused = this.host.contains(document.activeElement) ? document.activeElement.dataset.person : null;
    const mine = element("span", { class: "avatar-me", title: `${me.name} (you)` }, avatar(me));
    const more = rest > 0 ? [this.#moreButton(rest)] : [];
    this.host.replaceChildren(element("div", { class: "stack", role: "group", "aria-label": "People here" },
      ...shown.map((person) => this.#button(person)), ...more, mine, element("span", { class: "vh", text: `${me.name}, you` })));
    // Without preventScroll a phone's page creeps up at every redraw: the bar is sticky and lies in the scroll padding.
    if (focused) this.host.querySelector(`[data-person="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  #button(person) {
    const following = this.follow.client === person.client;
    const watches = this.#watches(person);
    const face = avatar(person.user);
    if (person.away) face.classList.add("away");
    return element("button", {
      class: `avatar-button ${hueClass(person.user.hue)}`, type: "button", "data-person": person.user.id,
      "aria-pressed": String(following), "aria-label": this.#label(person), title: person.user.name,
      click: () => this.follow.toggle(person),
    }, face, ...(watches ? [element("span", { class: "avatar-eye" }, icon("eye"))] : []));
  }

  #watches(person) {
    return person.following === this.session.doc.clientID;
  }

  #note(person) {
    const line = this.line(person);
    return [person.away && "away", this.#watches(person) && "follows you", line && `line ${line}`].filter(Boolean).join(", ");
  }

  #label(person) {
    return [`Follow ${person.user.name}`, this.#note(person)].filter(Boolean).join(", ");
  }

  #moreButton(count) {
    return element("button", {
      class: "more", type: "button", "data-person": "more", "aria-haspopup": "menu", "aria-expanded": "false",
      "aria-label": `${count} more ${count === 1 ? "person" : "people"}`, text: `+${count}`, click: () => this.openList(),
    });
  }

  line(person) {
    const head = person.cursor && toIndex(this.session.text, person.cursor.head);
    const doc = this.follow.view?.state.doc;
    return head === null || !doc ? null : doc.lineAt(Math.min(head, doc.length)).number;
  }

  /* The +n menu, also opened by F: everyone, with the line they are on. */
  openList() {
    const anchor = this.host.querySelector(".more") ?? this.host.querySelector("button");
    if (!anchor) return;
    openMenu(anchor, this.people.map((person) => ({
      label: person.user.name, leading: avatar(person.user, 20),
      detail: this.follow.client === person.client ? "following" : person.away ? "away" : this.line(person) ? `line ${this.line(person)}` : "viewing",
      run: () => this.follow.toggle(person),
    })), { label: "Follow" });
  }

  #speak() {
    const wait = this.spokenAt + QUIET_MS - Date.now();
    clearTimeout(this.speech);
    if (wait > 0) {
      this.speech = setTimeout(() => this.#speak(), wait);
      return;
    }
    const sentence = spoken(this.said, this.people);
    this.said = this.people;
    if (!sentence) return;
    this.live.textContent = sentence;
    this.spokenAt = Date.now();
  }
}

const brief = ({ user, mode, away }) => ({ ...user, mode, away });
