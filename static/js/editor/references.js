/* References to other prompts in the text: what each means, as a pill with a bubble, and completion after `{{>`. */

import { Decoration, StateEffect, StateField, hoverTooltip, showTooltip, startCompletion } from "./vendor.js";
import { announce } from "./signal.js";
import { expressions, kindOf, referencesIn } from "./template.js";
import { element } from "./ui.js";

const PAUSE_MS = 400; // in typing, before new references are asked about
const MOST = 100; // as the server explains at once

/* {known: {"name@label": what it means}, names: asks for completions or null, labels: of names seen in completions} */
const learned = StateEffect.define();
export const meanings = StateField.define({
  create: () => ({ known: {}, names: null }),
  update: (value, { effects }) => effects.reduce((now, effect) => (effect.is(learned) ? { ...now, ...effect.value } : now), value),
});

const marks = {
  plain: Decoration.mark({ class: "cm-var cm-var-reference" }),
  broken: Decoration.mark({ class: "cm-var cm-var-reference cm-var-broken" }),
};

export const referenceMark = (state, name) => (state.field(meanings).known[name]?.problem ? marks.broken : marks.plain);

/* The reference at a place: {name, from, to}, or null. */
function referenceAt(state, position) {
  const line = state.doc.lineAt(position);
  if (!line.text.includes("{{")) return null;
  for (const match of line.text.matchAll(expressions())) {
    const from = line.from + match.index;
    const to = from + match[0].length;
    const { kind, name } = kindOf(match);
    if (kind === "reference" && position >= from && position <= to) return { name, from, to };
  }
  return null;
}

function bubble(name, meaning) {
  if (!meaning) return element("div", { class: "cm-meaning" }, element("p", { class: "muted", text: `Looking up ${name}` }));
  const place = meaning.version ? `${meaning.label ? `${meaning.label}, ` : ""}v${meaning.version}` : "";
  const head = element("p", { class: "cm-meaning-head" },
    meaning.href ? element("a", { class: "link strong", href: meaning.href, text: meaning.title }) : element("code", { text: name }),
    place ? element("span", { class: "muted", text: place }) : "");
  const body = meaning.problem
    ? element("p", { class: "error", text: meaning.problem })
    : element("div", { class: "cm-meaning-text", text: meaning.text });
  return element("div", { class: "cm-meaning" }, head, body);
}

const tooltip = ({ name, from, to }) => ({
  pos: from, end: to, above: false,
  create: (view) => {
    const dom = element("div", {}, bubble(name, view.state.field(meanings).known[name]));
    // What was asked for may come while the bubble is open.
    const update = ({ state, startState }) => {
      if (state.field(meanings) !== startState.field(meanings)) dom.replaceChildren(bubble(name, state.field(meanings).known[name]));
    };
    return { dom, update };
  },
});

/* Shown while the caret is inside, so that it is read by keyboard: Mod-. opens the prompt, Escape closes the bubble. */
const dismissed = StateEffect.define();
const caretBubble = StateField.define({
  create: () => null,
  update: (shown, transaction) => {
    if (transaction.effects.some((effect) => effect.is(dismissed))) return null;
    if (transaction.docChanged && !transaction.isUserEvent("select")) return null; // not while it is typed
    if (!transaction.selection) return shown;
    const { main } = transaction.state.selection;
    const found = main.empty ? referenceAt(transaction.state, main.head) : null;
    return found && shown?.from === found.from && shown.name === found.name ? shown : found;
  },
  provide: (field) => showTooltip.from(field, (found) => found && tooltip(found)),
});

const hoverBubble = hoverTooltip((view, position) => {
  const found = referenceAt(view.state, position);
  return found && !view.state.field(caretBubble) ? tooltip(found) : null;
});

export function closeBubble(view) {
  const isOpen = Boolean(view.state.field(caretBubble));
  if (isOpen) view.dispatch({ effects: dismissed.of(null) });
  return isOpen;
}

export function openReferenceAtCaret(view) {
  const found = referenceAt(view.state, view.state.selection.main.head);
  const href = found && view.state.field(meanings).known[found.name]?.href;
  if (href) location.assign(href);
  return Boolean(found);
}

/* Completion. */

function put(view, insert, from, to, isWhole) {
  const after = view.state.sliceDoc(to, to + 2);
  const tail = !isWhole || after === "}}" ? "" : "}}".slice(after.startsWith("}") ? 1 : 0);
  const end = from + insert.length + (isWhole ? 2 : 0);
  view.dispatch({ changes: { from, to, insert: insert + tail }, selection: { anchor: end }, userEvent: "input.complete" });
}

const whole = (insert) => (view, _completion, from, to) => put(view, insert, from, to, true);

export async function completeReference(context) {
  const before = context.matchBefore(/\{\{\s*>\s*[A-Za-z0-9_./-]*(?:@[\w.-]*)?$/);
  const { names } = context.state.field(meanings);
  if (!before || !names) return null;
  const line = context.state.doc.lineAt(context.pos);
  if (line.text[before.from - line.from - 1] === "\\") return null;
  const lead = /^\{\{\s*>\s*/.exec(before.text)[0].length;
  const [name, label] = before.text.slice(lead).split("@");
  const from = before.from + lead;
  const prompts = await names(name);
  if (context.aborted || !prompts) return null;
  if (label !== undefined) return labelsOf(prompts.find((one) => one.name === name), name, from);
  return {
    from,
    filter: false, // the server has searched
    options: prompts.map((one) => ({
      label: one.name, detail: one.title, type: "reference",
      apply: (view, _completion, start, to) => {
        put(view, `${one.name}@`, start, to, false);
        setTimeout(() => startCompletion(view), 0); // its labels
      },
    })),
  };
}

function labelsOf(prompt, name, from) {
  const labels = prompt?.labels ?? [];
  return {
    from,
    options: [
      ...labels.map((label) => ({ label: `${name}@${label}`, displayLabel: `@${label}`, type: "label", boost: label === "production" ? 2 : 1, apply: whole(`${name}@${label}`) })),
      { label: name, displayLabel: "no label", detail: "the one asked for", type: "label", apply: whole(name) },
    ],
    validFor: /^[\w./@-]*$/,
  };
}

export const references = [meanings, caretBubble, hoverBubble];

/* Asks the server what the text's references mean: new ones after a pause, all of them when somebody comes back. */
export class References {
  constructor({ view, session, url }) {
    Object.assign(this, { view, url, known: {}, mark: "" });
    for (const name of ["synced", "made", "remote"]) session.signals.on(name, () => this.soon());
    document.addEventListener("visibilitychange", () => document.hidden || this.look(true));
    view.dispatch({ effects: learned.of({ names: (q) => this.names(q) }) });
    this.look();
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), PAUSE_MS);
  }

  async look(again = false) {
    const names = referencesIn(this.view.state.doc.toString()).slice(0, MOST);
    const mark = names.join(" ");
    if (mark !== this.mark) announce("references:changed");
    this.mark = mark;
    const wanted = again ? names : names.filter((name) => !this.known[name]);
    if (!wanted.length) return;
    const found = await this.#ask("references", wanted.map((name) => ["ref", name]));
    if (!found) return; // offline: the pills stay as they are
    this.known = { ...this.known, ...found.references };
    this.view.dispatch({ effects: learned.of({ known: this.known }) });
  }

  async names(q) {
    return (await this.#ask("names", [["q", q]]))?.prompts;
  }

  async #ask(what, query) {
    const answer = await fetch(`${this.url}/${what}?${new URLSearchParams(query)}`).catch(() => null);
    return answer?.ok ? answer.json() : null;
  }
}
