/* Where a thread's words are: two Yjs relative positions that move with the text, and the words themselves with what
   stood around them, for when the positions lead nowhere (another epoch, words cut and pasted, threads made by programs). */

import { Y, createDecoder, createEncoder, readVarUint, toUint8Array, writeVarUint } from "../editor/vendor.js";

const CONTEXT = 64; // characters kept on either side
const AGREES = 12; // characters of context that must still be there, of those that were
const TELLING = 20; // a quote of this length that occurs once needs no context
const LOOKS = 200; // occurrences of a quote that are compared; a single letter has thousands
const AFTER = 0; // sticks to the character that follows
const BEFORE = -1; // sticks to the character that precedes

const ON_AN_ITEM = 0; // how Yjs encodes a relative position: this, client, clock, then what it sticks to
const STICKS_BEFORE = 0x41; // -1 as lib0 writes signed numbers
const STICKS_AFTER = 0;

/* Bytes as Yjs itself encodes relative positions, in base64: any Yjs client can read them. */
function position(text, index, side) {
  const { item } = Y.createRelativePositionFromTypeIndex(text, index, side);
  const encoder = createEncoder();
  for (const number of [ON_AN_ITEM, item.client, item.clock, side === BEFORE ? STICKS_BEFORE : STICKS_AFTER]) writeVarUint(encoder, number);
  return btoa(String.fromCharCode(...toUint8Array(encoder)));
}

/* What a thread on the words between two places is made with. */
export function anchorAt(text, from, to) {
  const all = text.toString();
  return {
    start: position(text, from, AFTER), end: position(text, to, BEFORE), from, to,
    quote: all.slice(from, to), prefix: all.slice(Math.max(0, from - CONTEXT), from), suffix: all.slice(to, to + CONTEXT),
  };
}

/* A position as it is looked up, null for what is none of ours. */
export function readPosition(base64) {
  try {
    const decoder = createDecoder(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
    if (readVarUint(decoder) !== ON_AN_ITEM) return null;
    const found = { client: readVarUint(decoder), clock: readVarUint(decoder), before: readVarUint(decoder) >= STICKS_BEFORE };
    return decoder.pos === decoder.arr.length ? found : null;
  } catch {
    return null;
  }
}

const firstFrom = (clocks, clock) => {
  let low = 0;
  let high = clocks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (clocks[middle].clock < clock) low = middle + 1;
    else high = middle;
  }
  return low;
};

function byClient(wanted) {
  const clients = new Map();
  for (const one of wanted) {
    const list = clients.get(one.client) ?? [];
    clients.set(one.client, list);
    list.push(one);
  }
  for (const list of clients.values()) list.sort((a, b) => a.clock - b.clock);
  return clients;
}

/* One walk through the text finds all places: Yjs itself would walk once for each. A deleted character's place is where
   it stood. What an undo brought back has another id, which is looked for in a further walk. */
export function indicesOf(text, positions) {
  const found = positions.map(() => null);
  let wanted = positions.flatMap((one, at) => (one ? [{ ...one, at }] : []));
  while (wanted.length) wanted = walk(text, byClient(wanted), found);
  return found;
}

function walk(text, clients, found) {
  const redone = [];
  let index = 0;
  for (let item = text._start; item; item = item.right) {
    const lives = !item.deleted && item.countable;
    const list = clients.get(item.id.client);
    if (list) meet(item, list, { index, lives, found, redone });
    if (lives) index += item.length;
  }
  return redone;
}

function meet(item, list, { index, lives, found, redone }) {
  const end = item.id.clock + item.length;
  for (let at = firstFrom(list, item.id.clock); at < list.length && list[at].clock < end; at += 1) {
    const one = list[at];
    const into = one.clock - item.id.clock;
    if (item.redone) redone.push({ ...one, client: item.redone.client, clock: item.redone.clock + into });
    else found[one.at] = lives ? index + into + (one.before ? 1 : 0) : index;
  }
}

/* Each anchor's words: {from, to}; "gone" when they were deleted, null when its positions are unknown here. */
export function spansOf(text, anchors) {
  const ends = indicesOf(text, anchors.flatMap(({ start, end }) => [start, end]));
  return anchors.map((_anchor, at) => {
    const from = ends[2 * at];
    const to = ends[2 * at + 1];
    if (from === null || to === null) return null;
    return from < to ? { from, to } : "gone";
  });
}

function agreement(all, at, { quote, prefix, suffix }) {
  let before = 0;
  while (before < prefix.length && all[at - 1 - before] === prefix.at(-1 - before)) before += 1;
  const end = at + quote.length;
  let after = 0;
  while (after < suffix.length && all[end + after] === suffix[after]) after += 1;
  return before + after;
}

/* The words by what they are and what stood around them; null when they are not there, or could be others. */
export function findAgain(all, anchor) {
  const { quote, prefix, suffix, from = 0 } = anchor;
  if (!quote) return null;
  let best = null;
  let seen = 0;
  for (let at = all.indexOf(quote); at >= 0 && seen < LOOKS; at = all.indexOf(quote, at + 1)) {
    seen += 1;
    const agrees = agreement(all, at, anchor);
    const distance = Math.abs(at - from);
    if (!best || agrees > best.agrees || (agrees === best.agrees && distance < best.distance)) best = { at, agrees, distance };
  }
  if (!best) return null;
  const isSure = best.agrees >= Math.min(AGREES, prefix.length + suffix.length) || (seen === 1 && quote.length >= TELLING);
  return isSure ? { from: best.at, to: best.at + quote.length } : null;
}
