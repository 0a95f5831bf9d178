/* Keeps the caret clear of the bars that lie over the text (the status bar, on phones the title and the toolbar),
   and a reader's place where it is while others write above it. */

import { EditorView } from "./vendor.js";

const WIDE = { top: 24, bottom: 48 };
const PHONE = { top: 72, bottom: 72 };

function scrollerOf(view) {
  for (let node = view.dom.parentElement; node; node = node.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(node).overflowY)) return node;
  }
  return null;
}

/* Top and bottom of what can be seen, in window coordinates. */
export function visibleSpan(view) {
  const box = scrollerOf(view)?.getBoundingClientRect();
  const height = window.visualViewport?.height ?? innerHeight;
  return { top: Math.max(0, box?.top ?? 0), bottom: Math.min(height, box?.bottom ?? height) };
}

/* CodeMirror scrolls first, as it likes; what the bars still cover is corrected in the same frame. Its own scroll
   margins would do, but with them it also hides every list and bubble that stands in the margins. */
export const clearOfBars = (phone) => EditorView.scrollHandler.of((view, range, { y }) => {
  if (y !== "nearest") return false;
  const bars = phone ? PHONE : WIDE;
  view.requestMeasure({
    key: clearOfBars,
    read: () => covered(view.coordsAtPos(range.head), visibleSpan(view), bars),
    write: (by) => by && (scrollerOf(view) ?? document.scrollingElement).scrollBy(0, by),
  });
  return false;
});

function covered(caret, span, bars) {
  if (!caret) return 0;
  const above = caret.top - (span.top + bars.top);
  return above < 0 ? above : Math.max(0, caret.bottom - (span.bottom - bars.bottom));
}

/* The first line that is seen: where it starts and how high it stands. Null at the top of the text. */
function placeOf(view) {
  const height = visibleSpan(view).top - view.documentTop;
  if (height <= 0) return null;
  const line = view.lineBlockAtHeight(height);
  return { at: line.from, top: line.top + view.documentTop };
}

const places = new WeakMap(); // view → the place to come back to at the next measuring; several changes may share it

/* Used as the editor's dispatchTransactions. CodeMirror keeps the place by itself only while the text has focus. */
export function keepPlace(transactions, view) {
  const changed = transactions.some((transaction) => transaction.docChanged);
  const place = changed ? places.get(view) ?? (view.hasFocus ? null : placeOf(view)) : null;
  view.update(transactions);
  if (!place) return;
  const at = transactions.reduce((position, { changes }) => changes.mapPos(position, 1), place.at);
  places.set(view, { at, top: place.top });
  view.requestMeasure({ key: keepPlace, read: () => gone(view), write: (by) => by && (scrollerOf(view) ?? document.scrollingElement).scrollBy(0, by) });
}

/* How far the place has moved. */
function gone(view) {
  const { at, top } = places.get(view);
  places.delete(view);
  return view.lineBlockAt(at).top + view.documentTop - top;
}
