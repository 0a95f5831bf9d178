/* Other people's carets and selections, drawn in layers above the text so that nothing in it moves or recomposes. */

import { EditorSelection, EditorView, RectangleMarker, StateEffect, StateField, layer } from "./vendor.js";
import { AWAY_MS } from "./presence.js";
import { toRange } from "./positions.js";
import { visibleSpan } from "./scrolling.js";
import { element, hueClass } from "./ui.js";

const FLAG_MS = 2_500;
const FADE_MS = 120_000;
const OPEN_FLAGS = 12; // more names at once hide the text they point at
const FLAG_ROOM = 20; // px a flag needs above its line

const setPeers = StateEffect.define();
const peersField = StateField.define({
  create: () => [],
  update: (peers, transaction) => transaction.effects.reduce((now, effect) => (effect.is(setPeers) ? effect.value : now), peers),
});

/* One caret: the same element as long as it is the same person at the same client; name and hue are never mixed up. */
class CaretMarker {
  constructor(peer, box) {
    Object.assign(this, peer, box);
  }

  get className() {
    const flags = [this.open && "open", this.faded && "faded", this.below && "below"].filter(Boolean);
    return ["peer-caret", hueClass(this.hue), ...flags].join(" ");
  }

  eq(other) {
    return this.client === other.client && this.name === other.name && this.className === other.className
      && this.left === other.left && this.top === other.top && this.height === other.height;
  }

  draw() {
    const caret = element("div", { "aria-hidden": "true", "data-client": this.client }, element("span", { class: "peer-flag", text: this.name }));
    this.#place(caret, false);
    return caret;
  }

  update(dom, old) {
    if (old.client !== this.client) return false;
    if (old.name !== this.name) dom.firstChild.textContent = this.name;
    this.#place(dom, old.top === this.top); // glides along a line, never across lines
    return true;
  }

  #place(dom, glides) {
    dom.className = this.className + (glides ? " glides" : "");
    dom.style.left = `${this.left}px`;
    dom.style.top = `${this.top}px`;
    dom.style.height = `${this.height}px`;
  }
}

const shown = (view) => view.state.field(peersField);
const visible = (view, { anchor, head }) => Math.max(anchor, head) >= view.viewport.from && Math.min(anchor, head) <= view.viewport.to;

function carets(view, text) {
  const { top } = visibleSpan(view);
  return shown(view).flatMap((peer) => {
    const range = toRange(text, peer.cursor);
    if (!range || !visible(view, { anchor: range.head, head: range.head })) return [];
    const [box] = RectangleMarker.forRange(view, "", EditorSelection.cursor(Math.min(range.head, view.state.doc.length)));
    if (!box) return [];
    const coords = view.coordsAtPos(Math.min(range.head, view.state.doc.length));
    return [new CaretMarker(peer, { left: box.left, top: box.top - 3, height: box.height + 6, below: coords !== null && coords.top - FLAG_ROOM < top })];
  });
}

function selections(view, text) {
  return shown(view).flatMap((peer) => {
    const range = toRange(text, peer.cursor);
    if (!range || range.anchor === range.head || !visible(view, range)) return [];
    const end = view.state.doc.length;
    const selection = EditorSelection.range(Math.min(range.anchor, end), Math.min(range.head, end));
    return RectangleMarker.forRange(view, `peer-selection ${hueClass(peer.hue)}`, selection);
  });
}

const changed = (update) => update.docChanged || update.viewportChanged || update.geometryChanged
  || update.transactions.some((transaction) => transaction.effects.some((effect) => effect.is(setPeers)));

export function peerCarets(text) {
  return [
    peersField,
    layer({ above: false, class: "peer-selections", update: changed, markers: (view) => selections(view, text) }),
    layer({ above: true, class: "peer-carets", update: changed, markers: (view) => carets(view, text) }),
  ];
}

/* Which peers to draw now, and when that changes by itself (a flag closes, someone fades or leaves). Pure. */
export function caretStates(peers, now) {
  const present = peers.filter((peer) => peer.cursor && now - peer.movedAt < AWAY_MS);
  const recent = [...present].sort((a, b) => b.movedAt - a.movedAt).slice(0, OPEN_FLAGS);
  const open = new Set(recent.filter((peer) => now - peer.movedAt < FLAG_MS).map((peer) => peer.client));
  const first = (peer) => peer.user.name.split(" ")[0];
  const shared = (peer) => present.some((other) => other.user.id !== peer.user.id && first(other) === first(peer));
  const states = present.map((peer) => ({
    client: peer.client, cursor: peer.cursor, name: shared(peer) ? peer.user.name : first(peer), hue: peer.user.hue,
    open: open.has(peer.client), faded: now - peer.movedAt > FADE_MS,
  }));
  const ages = present.flatMap((peer) => [FLAG_MS, FADE_MS, AWAY_MS].map((age) => peer.movedAt + age - now));
  return { states, next: Math.min(Infinity, ...ages.filter((age) => age > 0)) };
}

/* Redraws when someone moves and when a flag is due to close. */
export function drawPeers(view, presence, { show }) {
  if (!show) return;
  let timer = null;
  const draw = () => {
    clearTimeout(timer);
    const { states, next } = caretStates(presence.peers(), Date.now());
    if (Number.isFinite(next)) timer = setTimeout(draw, next + 20);
    view.dispatch({ effects: setPeers.of(states) });
  };
  presence.signals.on("changed", draw);
  draw();
}

export const accessibleName = EditorView.contentAttributes.of({ "aria-label": "Prompt text", "aria-multiline": "true" });
