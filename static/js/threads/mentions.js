/* @ in a comment: a list of people to name, those who are here now on top, for the arrow keys as well. In the field stands
   "@Priya Raman"; what is sent says who that is. */

import { avatar, element } from "../editor/ui.js";
import { draftOf, keepDraft } from "./drafts.js";

const WAIT_MS = 80;
const LONGEST = 40; // characters after the @ that may still be a name
const SOURCE = /@\[([^[\]\n]{1,120})\]\(user:([0-9a-f-]{36})\)/g;

/* The word that is being typed: {at, words}, null when it is no mention. Pure. */
export function mentionAt(text, caret) {
  const before = text.slice(Math.max(0, caret - LONGEST - 1), caret);
  const found = /(?:^|[\s([{"'“‘])@([^\s@][^@\n]*|)$/.exec(before);
  if (!found || /\s\s|\s\S+\s\S+\s/.test(found[1])) return null;
  return { at: caret - found[1].length - 1, words: found[1] };
}

/* "@Priya Raman" as the server reads it. Longer names first: one may begin another. Pure. */
export function toSource(text, people) {
  const names = Object.keys(people).sort((a, b) => b.length - a.length);
  if (!names.length) return text;
  const any = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  return text.replace(new RegExp(`(${any})(?![\\p{L}\\p{N}])`, "gu"), (name) => `@[${name.slice(1)}](user:${people[name]})`);
}

/* And back, for a comment that is edited: {text, people}. Pure. */
export function fromSource(source) {
  const people = {};
  const text = source.replace(SOURCE, (_all, name, id) => {
    people[`@${name}`] = id;
    return `@${name}`;
  });
  return { text, people };
}

const known = new WeakMap(); // field → people who are in it already, or were chosen

export const know = (field, people) => known.set(field, { ...known.get(field), ...people });
export const peopleIn = (field) => ({ ...known.get(field), ...draftOf(field)?.people });

class List {
  constructor(field) {
    this.field = field;
    this.box = element("div", { class: "mention-list", id: `people-${Math.random().toString(36).slice(2)}`, role: "listbox", "aria-label": "People to mention" });
    this.said = element("p", { class: "vh", role: "status" });
    this.box.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps its focus
    this.box.addEventListener("click", (event) => this.take(this.people[this.options().indexOf(event.target.closest("[role=option]"))]));
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-haspopup", "listbox");
  }

  options() {
    return [...this.box.querySelectorAll("[role=option]")];
  }

  get isOpen() {
    return this.box.isConnected;
  }

  async look() {
    const mention = mentionAt(this.field.value, this.field.selectionStart);
    if (!mention) return this.close();
    this.mention = mention;
    const asked = ++List.asked;
    const url = `${this.field.dataset.mentions}?q=${encodeURIComponent(mention.words.trim())}`;
    const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
    if (asked !== List.asked || !answer?.ok || document.activeElement !== this.field) return undefined;
    return this.show(await answer.json());
  }

  show({ people, invite }) {
    this.people = people;
    const rows = people.map((person, at) => element("div", { role: "option", id: `${this.box.id}-${at}`, "aria-selected": "false" },
      avatar(person, 20), element("span", { class: "grow clip", text: person.name }), element("span", { class: "muted", text: person.is_here ? "here now" : person.note })));
    if (!rows.length && !invite) return this.close();
    if (!rows.length) rows.push(element("p", { class: "muted" }, "No member has this name. ", element("a", { class: "link", href: invite, text: "Invite people" })));
    this.box.replaceChildren(...rows);
    if (!this.isOpen) this.field.closest("form").append(this.box, this.said);
    this.field.setAttribute("aria-controls", this.box.id);
    this.said.textContent = people.length ? `${people.length} ${people.length === 1 ? "person" : "people"}. Arrow keys choose, Enter takes.` : "No member has this name.";
    this.choose(people.length ? 0 : -1);
    this.box.scrollIntoView({ block: "nearest" });
    return undefined;
  }

  choose(at) {
    this.at = at;
    this.options().forEach((option, number) => option.setAttribute("aria-selected", String(number === at)));
    const option = this.options()[at];
    if (option) {
      this.field.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else this.field.removeAttribute("aria-activedescendant");
  }

  take(person) {
    if (!person) return;
    const { value, selectionStart: caret } = this.field;
    const name = `@${person.name.replace(/[[\]\n]/g, "")}`;
    this.field.setRangeText(`${name} `, this.mention.at, caret, "end");
    if (value[caret] === " ") this.field.setRangeText("", this.field.selectionStart, this.field.selectionStart + 1, "end");
    know(this.field, { [name]: person.id });
    keepDraft(this.field, { people: peopleIn(this.field) });
    this.close();
  }

  close() {
    List.asked += 1; // an answer still under way comes too late
    this.box.remove();
    this.said.remove();
    for (const name of ["aria-controls", "aria-activedescendant"]) this.field.removeAttribute(name);
  }

  press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const count = this.options().length;
    if (step && count) this.choose((this.at + step + count) % count);
    else if (["Enter", "Tab"].includes(event.key) && count && !event.metaKey && !event.ctrlKey && !event.shiftKey) this.take(this.people[this.at]);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
List.asked = 0;

const lists = new WeakMap();
const listOf = (field) => lists.get(field) ?? lists.set(field, new List(field)).get(field);
let timer = null;

document.addEventListener("input", (event) => {
  if (!event.target.matches?.("textarea[data-mentions]")) return;
  clearTimeout(timer);
  timer = setTimeout(() => listOf(event.target).look(), WAIT_MS);
});
document.addEventListener("keydown", (event) => {
  const list = lists.get(event.target);
  if (list?.isOpen && !event.isComposing) list.press(event);
}, true);
document.addEventListener("focusout", (event) => lists.get(event.target)?.close());
