/* Small editing commands for toolbar and keys: variable, heading, list, bold. */

import { EditorSelection, startCompletion } from "./vendor.js";

export function insertVariable(view) {
  const { from, to } = view.state.selection.main;
  view.dispatch({ changes: { from, to, insert: "{{}}" }, selection: { anchor: from + 2 }, userEvent: "input", scrollIntoView: true });
  view.focus();
  startCompletion(view);
  return true;
}

/* Puts `prefix` before each selected line, or takes it away when all have it. */
function toggleLines(view, prefix, pattern) {
  const { state } = view;
  const { from, to } = state.selection.main;
  const lines = [];
  for (let at = state.doc.lineAt(from).number; at <= state.doc.lineAt(to).number; at++) lines.push(state.doc.line(at));
  const all = lines.every((line) => pattern.test(line.text));
  const changes = lines.map((line) => (all
    ? { from: line.from, to: line.from + pattern.exec(line.text)[0].length, insert: "" }
    : { from: line.from, to: line.from, insert: pattern.test(line.text) ? "" : prefix }));
  view.dispatch({ changes, userEvent: "input", scrollIntoView: true });
  view.focus();
  return true;
}

export const toggleHeading = (view) => toggleLines(view, "# ", /^#{1,6} /);
export const toggleList = (view) => toggleLines(view, "- ", /^[-*+] /);

export function toggleBold(view) {
  const { state } = view;
  view.dispatch(state.changeByRange((range) => {
    const inside = state.sliceDoc(range.from - 2, range.from) === "**" && state.sliceDoc(range.to, range.to + 2) === "**";
    const changes = inside
      ? [{ from: range.from - 2, to: range.from }, { from: range.to, to: range.to + 2 }]
      : [{ from: range.from, insert: "**" }, { from: range.to, insert: "**" }];
    const shift = inside ? -2 : 2;
    return { changes, range: EditorSelection.range(range.anchor + shift, range.head + shift) };
  }), { userEvent: "input", scrollIntoView: true });
  return true;
}
