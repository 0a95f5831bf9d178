/* Variables in the text: pills, completion on `{{`, and a quick fix for the undeclared ones. */

import {
  Decoration, EditorView, Facet, StateField, autocompletion, hoverTooltip, showTooltip, startCompletion,
} from "./vendor.js";
import { matches } from "./marks.js";
import { completeReference, meanings, referenceMark, references } from "./references.js";
import { ROLES, compareVariables, expressions, jinjaParts, kindOf, roleLine } from "./template.js";
import { element } from "./ui.js";

/* What is declared, and how to declare one more; in Jinja, `jinja` with the names that are used and need a value,
   null where that is not known. Provided by main.js through a compartment. */
export const declared = Facet.define({ combine: (values) => values[0] ?? { list: [], declare: null, jinja: null } });

const marks = {
  variable: Decoration.mark({ class: "cm-var" }),
  unknown: Decoration.mark({ class: "cm-var cm-var-unknown" }),
  history: Decoration.mark({ class: "cm-var" }),
  literal: Decoration.mark({ class: "cm-literal" }),
};

/* In Jinja a name may be a loop's own: then nobody has to declare it. */
function isUnknown(state, name) {
  const { list, jinja } = state.facet(declared);
  return !list.some((variable) => variable.name === name) && (!jinja || Boolean(jinja.used?.includes(name)));
}

function markFor(match, view) {
  const { kind, name } = kindOf(match);
  if (kind === "reference") return referenceMark(view.state, name);
  return kind === "variable" && isUnknown(view.state, name) ? marks.unknown : marks[kind];
}

const pills = matches(
  { regexp: expressions(), decoration: markFor },
  (update) => update.startState.facet(declared) !== update.state.facet(declared) || update.startState.field(meanings) !== update.state.field(meanings),
);

const jinjaMarks = { code: Decoration.mark({ class: "cm-jinja" }), put: Decoration.mark({ class: "cm-var" }) };

const jinja = matches(
  {
    regexp: jinjaParts(),
    decoration: (match, view) => (view.state.facet(declared).jinja ? jinjaMarks[match[0].startsWith("{{") ? "put" : "code"] : null),
  },
  (update) => update.startState.facet(declared) !== update.state.facet(declared),
);

/* The undeclared variable at a place: {name, from, to}, or null. */
export function undeclaredAt(state, position) {
  const line = state.doc.lineAt(position);
  for (const match of line.text.matchAll(expressions())) {
    const from = line.from + match.index;
    const to = from + match[0].length;
    const { kind, name } = kindOf(match);
    if (kind !== "variable" || position < from || position > to) continue;
    return isUnknown(state, name) ? { name, from, to } : null;
  }
  return null;
}

function fixBubble({ name, from }, view) {
  const { declare } = view.state.facet(declared);
  const note = element("span", {}, element("code", { text: name }), " is not declared");
  const button = element("button", { class: "btn sm", type: "button", text: "Declare", click: () => declare(name) });
  const bubble = element("div", { class: "cm-fix" }, note, ...(declare && !view.state.readOnly ? [button] : []));
  return { pos: from, above: false, create: () => ({ dom: bubble }) };
}

/* Shown while the caret is inside, so that the fix is reached by keyboard: Mod-. declares. */
const caretFix = StateField.define({
  create: () => null,
  update: (shown, transaction) => {
    if (!transaction.docChanged && !transaction.selection && !transaction.reconfigured) return shown;
    if (transaction.docChanged && !transaction.isUserEvent("select")) return null; // not while typing the name
    const { main } = transaction.state.selection;
    return main.empty ? undeclaredAt(transaction.state, main.head) : null;
  },
  provide: (field) => showTooltip.compute([field], (state) => {
    const found = state.field(field);
    return found && { pos: found.from, above: false, create: (view) => fixBubble(found, view).create() };
  }),
});

const hoverFix = hoverTooltip((view, position) => {
  const found = undeclaredAt(view.state, position);
  return found && !view.state.field(caretFix) ? fixBubble(found, view) : null;
});

export function declareAtCaret(view) {
  const found = undeclaredAt(view.state, view.state.selection.main.head);
  const { declare } = view.state.facet(declared);
  if (!found || !declare || view.state.readOnly) return false;
  declare(found.name);
  return true;
}

/* Fills in a choice and the closing braces, unless they are already there. */
function put(insert) {
  return (view, _completion, from, to) => {
    const after = view.state.sliceDoc(to, to + 2);
    const tail = after === "}}" ? "" : "}}".slice(after.startsWith("}") ? 1 : 0);
    const end = from + insert.length + 2;
    view.dispatch({ changes: { from, to, insert: insert + tail }, selection: { anchor: end }, userEvent: "input.complete" });
  };
}

function beginReference(view, _completion, from, to) {
  view.dispatch({ changes: { from, to, insert: "> " }, selection: { anchor: from + 2 }, userEvent: "input.complete" });
  setTimeout(() => startCompletion(view), 0);
}

function options(state, onEmptyLine) {
  const { list, jinja: told } = state.facet(declared);
  const known = new Set(list.map((variable) => variable.name));
  const others = compareVariables(state.doc.toString(), list, told ? told.used ?? [] : undefined).undeclared.filter((name) => !known.has(name));
  return [
    ...list.map(({ name, type, description }) => ({ label: name, detail: type, info: description || undefined, type: "variable", apply: put(name), boost: 2 })),
    ...others.map((name) => ({ label: name, detail: "not declared", type: "variable", apply: put(name), boost: 1 })),
    { label: ">", displayLabel: "> another prompt", detail: "include its text", type: "reference", apply: beginReference },
    ...(onEmptyLine ? [
      ...ROLES.map((role) => ({ label: `role "${role}"`, detail: "new message", type: "role", apply: put(roleLine(role).slice(2, -2)) })),
      { label: "history", detail: "the caller’s messages", type: "role", apply: put("history") },
    ] : []),
  ];
}

function complete(context) {
  const before = context.matchBefore(/\{\{\s*[\w"]*(?: [\w"]*)?$/);
  if (!before) return null;
  const line = context.state.doc.lineAt(context.pos);
  if (line.text[before.from - line.from - 1] === "\\") return null;
  const typed = /^\{\{\s*/.exec(before.text)[0].length;
  const onEmptyLine = line.text.slice(0, before.from - line.from).trim() === "" && /^\}*\s*$/.test(line.text.slice(context.pos - line.from));
  return { from: before.from + typed, options: options(context.state, onEmptyLine), validFor: /^[\w" ]*$/ };
}

export const variables = [
  references, pills, jinja, caretFix, hoverFix,
  autocompletion({ override: [complete, completeReference], icons: false, activateOnTyping: true, maxRenderedOptions: 60, tooltipClass: () => "prompt-completions" }),
  EditorView.inputHandler.of((view, from, to, text) => {
    // "{{", "{{>" and a reference's "@" open the list at once; CodeMirror alone would wait for a letter.
    const opens = { "{": /\{$/, ">": /\{\{\s*$/, "@": /\{\{\s*>\s*[\w./-]+$/ }[text];
    if (opens?.test(view.state.sliceDoc(Math.max(0, from - 300), from))) setTimeout(() => startCompletion(view), 0);
    return false;
  }),
];
