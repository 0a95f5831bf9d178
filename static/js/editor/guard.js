/* What a local edit may do: whole characters only, one kind of line break, never beyond the text limit. */

import { EditorState, ySyncAnnotation } from "./vendor.js";
import { clean, splitsPair } from "./texts.js";

const number = new Intl.NumberFormat("en");

const unitAt = (doc, position) => doc.sliceString(position, position + 1).charCodeAt(0);
const inPair = (doc, position) => position > 0 && position < doc.length && splitsPair(unitAt(doc, position - 1), unitAt(doc, position));

/* The same change, widened so that it neither starts nor ends inside a surrogate pair. */
export function whole(doc, { from, to, insert }) {
  const text = clean(insert);
  const start = inPair(doc, from) ? from - 1 : from;
  const end = inPair(doc, to) ? to + 1 : to;
  if (start === from && end === to) return { from, to, insert: text };
  if (from === to) return { from: end, to: end, insert: text }; // nothing may be put into a pair: put it behind
  return { from: start, to: end, insert: text };
}

function listed(transaction) {
  const changes = [];
  transaction.changes.iterChanges((from, to, _fromB, _toB, inserted) => changes.push({ from, to, insert: inserted.toString() }), true);
  return changes;
}

/* limit(): UTF-16 units the server allows, the units of the shared text; refuse(reason): tells the person. */
export function localEdits({ limit, refuse }) {
  return EditorState.transactionFilter.of((transaction) => {
    if (!transaction.docChanged || transaction.annotation(ySyncAnnotation)) return transaction;
    const before = transaction.startState.doc;
    const changes = listed(transaction);
    const checked = changes.map((change) => whole(before, change));
    const size = transaction.newDoc.length;
    if (size > before.length && size > limit()) {
      setTimeout(() => refuse(`A prompt holds ${number.format(limit())} characters. This would make it ${number.format(size)}.`), 0);
      return [];
    }
    const same = checked.every((change, at) => change.from === changes[at].from && change.to === changes[at].to && change.insert === changes[at].insert);
    return same ? transaction : { changes: checked, scrollIntoView: true, userEvent: "input" };
  });
}
