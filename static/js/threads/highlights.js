/* The words that threads are on, marked in the text. The state holds where every thread is; only what can be seen is drawn,
   as pieces side by side, however many threads lie on the same words. */

import { Decoration, EditorView, StateEffect, StateField, ViewPlugin } from "../editor/vendor.js";

const setSpans = StateEffect.define(); // [{id, from, to}] sorted by `from`
const setActive = StateEffect.define(); // a thread's id, or null

const range = ({ id, from, to }) => Decoration.mark({ id }).range(from, to);

const field = StateField.define({
  create: () => ({ spans: Decoration.none, active: null }),
  update: (value, transaction) => {
    let { spans, active } = value;
    if (transaction.docChanged) spans = spans.map(transaction.changes); // at once; Yjs has the last word a moment later
    for (const effect of transaction.effects) {
      if (effect.is(setActive)) active = effect.value;
      if (effect.is(setSpans)) spans = Decoration.set(effect.value.map(range), true);
    }
    return spans === value.spans && active === value.active ? value : { spans, active };
  },
});

/* Those that touch a part of the text: [{id, from, to}]. */
export function spansIn(state, from = 0, to = state.doc.length) {
  const found = [];
  state.field(field).spans.between(from, to, (start, end, { spec }) => {
    found.push({ id: spec.id, from: start, to: end });
  });
  return found;
}

/* The threads on the character at a place, the one on the fewest words first: it is what people point at. */
export function threadsAt(state, position) {
  const on = spansIn(state, position, position).filter(({ from, to }) => from <= position && position < to);
  return on.sort((a, b) => a.to - a.from - (b.to - b.from)).map(({ id }) => id);
}

/* Overlapping spans as pieces side by side: {from, to, ids}. Pure. */
export function piecesOf(spans, from, to) {
  const cut = spans.map((span) => ({ ...span, from: Math.max(from, span.from), to: Math.min(to, span.to) })).filter((span) => span.from < span.to);
  const edges = [...new Set(cut.flatMap((span) => [span.from, span.to]))].sort((a, b) => a - b);
  const starts = [...cut].sort((a, b) => a.from - b.from);
  const pieces = [];
  let open = [];
  let next = 0;
  for (let at = 0; at + 1 < edges.length; at += 1) {
    open = open.filter((span) => span.to > edges[at]);
    while (next < starts.length && starts[next].from <= edges[at]) open.push(starts[next++]);
    if (open.length) pieces.push({ from: edges[at], to: edges[at + 1], ids: open.map(({ id }) => id) });
  }
  return pieces;
}

const looks = new Map(["cm-thread", "cm-thread more", "cm-thread on", "cm-thread on more"].map((name) => [name, Decoration.mark({ class: name })]));

function drawn(view) {
  const { active } = view.state.field(field);
  const ranges = view.visibleRanges.flatMap(({ from, to }) => piecesOf(spansIn(view.state, from, to), from, to));
  return Decoration.set(ranges.map(({ from, to, ids }) => {
    const name = `cm-thread${ids.includes(active) ? " on" : ""}${ids.length > 1 ? " more" : ""}`;
    return looks.get(name).range(from, to);
  }), true);
}

const drawing = ViewPlugin.fromClass(class {
  constructor(view) {
    this.decorations = drawn(view);
  }

  update(update) {
    const isNew = update.state.field(field) !== update.startState.field(field);
    if (update.docChanged || update.viewportChanged || isNew) this.decorations = drawn(update.view);
  }
}, { decorations: (plugin) => plugin.decorations });

export const threadHighlights = [field, drawing];

export const activeIn = (state) => state.field(field).active;

/* Nothing is dispatched where nothing changes: a dispatch makes the editor measure. */
export function showSpans(view, spans) {
  const sorted = [...spans].sort((a, b) => a.from - b.from || a.to - b.to);
  const before = spansIn(view.state);
  const same = before.length === sorted.length && sorted.every((one, at) => one.id === before[at].id && one.from === before[at].from && one.to === before[at].to);
  if (!same) view.dispatch({ effects: setSpans.of(sorted) });
}

export function showActive(view, id) {
  if (activeIn(view.state) !== id) view.dispatch({ effects: setActive.of(id) });
}

const UNDER_BARS = 120; // px from the top of a phone's window, whose lower half the sheet covers

export function scrollToSpan(view, { from, to }, { above = false } = {}) {
  const place = above ? { y: "start", yMargin: UNDER_BARS } : { y: "center" };
  view.dispatch({ effects: EditorView.scrollIntoView(Math.min(from, to, view.state.doc.length), place) });
}
