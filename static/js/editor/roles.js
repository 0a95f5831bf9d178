/* Role and history lines drawn as dividers between messages, each with a menu: role, add, move up, move down. */

import { Decoration, EditorView, RangeSetBuilder, StateField, WidgetType } from "./vendor.js";
import { ROLES, addMessage, isHistory, messagesIn, nextRole, roleLine, roleOf, swapWithNext } from "./template.js";
import { element, icon, openMenu } from "./ui.js";

const title = (role) => role[0].toUpperCase() + role.slice(1);

class Divider extends WidgetType {
  constructor(role) {
    super();
    this.role = role;
  }

  eq(other) {
    return other.role === this.role;
  }

  toDOM(view) {
    if (this.role === "history") {
      return element("span", { class: "cm-role history" }, element("span", { class: "cm-role-name", text: "The caller’s messages go here" }));
    }
    const button = element("button", {
      class: "cm-role-name", type: "button", "aria-haspopup": "menu", "aria-expanded": "false",
      "aria-label": `${title(this.role)} message: menu`, click: () => openMessageMenu(view, button, view.posAtDOM(button)),
    }, element("span", { text: title(this.role) }), icon("chevron-down"));
    return element("span", { class: "cm-role" }, button);
  }

  ignoreEvent() {
    return true;
  }
}

const dividers = new Map();

function divider(role) {
  if (!dividers.has(role)) dividers.set(role, Decoration.replace({ widget: new Divider(role) }));
  return dividers.get(role);
}

const roleLineStyle = Decoration.line({ class: "cm-role-line" });

function build(doc) {
  const builder = new RangeSetBuilder();
  let from = 0;
  for (const text of doc.iterLines()) {
    const role = text.includes("{{") ? roleOf(text) ?? (isHistory(text) ? "history" : null) : null;
    if (role) {
      builder.add(from, from, roleLineStyle);
      builder.add(from, from + text.length, divider(role));
    }
    from += text.length + 1;
  }
  return builder.finish();
}

/* Most edits stay within lines that are no role lines: then the old dividers are only moved along. */
function touchesRoles(transaction) {
  let touched = false;
  transaction.changes.iterChangedRanges((fromA, toA, fromB, toB) => {
    const before = transaction.startState.doc.sliceString(transaction.startState.doc.lineAt(fromA).from, transaction.startState.doc.lineAt(toA).to);
    const after = transaction.newDoc.sliceString(transaction.newDoc.lineAt(fromB).from, transaction.newDoc.lineAt(toB).to);
    touched ||= /\{\{\s*(role|history)/.test(before) || /\{\{\s*(role|history)/.test(after);
  });
  return touched;
}

const field = StateField.define({
  create: (state) => build(state.doc),
  update: (deco, transaction) => {
    if (!transaction.docChanged) return deco;
    return touchesRoles(transaction) ? build(transaction.newDoc) : deco.map(transaction.changes);
  },
  provide: (self) => [
    EditorView.decorations.from(self),
    EditorView.atomicRanges.of((view) => view.state.field(self).update({ filter: (from, to) => from < to })),
  ],
});

export const roleDividers = field;

/* The message that holds `position`, and its place among the others. */
export function messageAt(state, position) {
  const messages = messagesIn(state.doc.toString().split("\n"));
  const line = state.doc.lineAt(position).number - 1;
  const index = messages.findIndex((message) => line >= message.from && line < message.to);
  return { messages, index: Math.max(0, index), message: messages[Math.max(0, index)] };
}

function openMessageMenu(view, anchor, position) {
  const { messages, index, message } = messageAt(view.state, position);
  const writable = !view.state.readOnly;
  if (!writable) return;
  openMenu(anchor, [
    ...ROLES.map((role) => ({ label: title(role), checked: message.role === role, run: () => changeRole(view, index, role) })),
    null,
    { label: "Add a message below", run: () => insertMessage(view, index) },
    ...(index > 0 ? [{ label: "Move up", run: () => move(view, index - 1, index - 1) }] : []),
    ...(index < messages.length - 1 ? [{ label: "Move down", run: () => move(view, index, index + 1) }] : []),
  ], { label: `${title(message.role)} message` });
}

function changeRole(view, index, role) {
  const message = messagesIn(view.state.doc.toString().split("\n"))[index];
  if (!message) return;
  const line = view.state.doc.line(message.from + 1);
  const changes = message.explicit
    ? { from: line.from, to: line.to, insert: roleLine(role) }
    : { from: line.from, insert: `${roleLine(role)}\n` }; // text that had no role line yet
  view.dispatch({ changes, userEvent: "input.role" });
}

/* Puts a message behind message `index` (the last one by default) and the caret into it. */
export function insertMessage(view, index, wanted) {
  const text = view.state.doc.toString();
  const messages = messagesIn(text.split("\n"));
  const at = index ?? messages.length - 1;
  const role = wanted ?? nextRole(messages[at].role);
  const { change, caret } = addMessage(text, at, role);
  view.dispatch({ changes: change, selection: { anchor: caret }, scrollIntoView: true, userEvent: "input.message" });
  view.focus();
}

function move(view, upper, follow) {
  const changes = swapWithNext(view.state.doc.toString(), upper);
  if (!changes) return;
  view.dispatch({ changes, userEvent: "move.message" });
  const message = messagesIn(view.state.doc.toString().split("\n"))[follow];
  if (!message) return;
  const line = view.state.doc.line(message.from + 1);
  view.dispatch({ selection: { anchor: Math.min(line.to + 1, view.state.doc.length) }, scrollIntoView: true });
  view.focus();
}

/* Opens the menu of the message the caret is in, for people who never leave the keyboard. */
export function openMenuAtCaret(view) {
  const { message } = messageAt(view.state, view.state.selection.main.head);
  if (message.role === "history" || view.state.readOnly) return false;
  const line = view.state.doc.line(message.from + 1);
  view.dispatch({ effects: EditorView.scrollIntoView(line.from, { y: "nearest", yMargin: 80 }) });
  view.requestMeasure({
    read: () => message.explicit
      ? [...view.contentDOM.querySelectorAll("button.cm-role-name")].find((node) => view.posAtDOM(node) === line.from)
      : view.contentDOM.querySelector(".cm-line"),
    write: (anchor) => anchor && openMessageMenu(view, anchor, line.from),
  });
  return true;
}
