/* Where every open thread is now. Positions are resolved a moment after the text changes, until then the editor moves the
   marks itself. Where positions lead nowhere the words are looked for, and somebody who may write gives the server new
   positions, so that it happens once. */

import { Signals } from "../editor/signal.js";
import { anchorAt, findAgain, readPosition, spansOf } from "./anchors.js";
import { showSpans } from "./highlights.js";

const SOON_MS = 120; // after a change
const LOOK_MS = 1_000; // between two searches for words that are gone
const LOOKS = 100; // threads a search is made for at once
const SPREAD_MS = 4_000; // of a room full of people one is first; the others hear of it
export const COMPOSED = "new"; // the span of a comment that is being written

const parsed = (anchor) => ({ ...anchor, starts: readPosition(anchor.start), ends: readPosition(anchor.end) });

export class Places {
  /* Signals: changed. `save(id, anchor)` tells the server where a thread is now. */
  constructor({ session, view, url, save }) {
    Object.assign(this, { session, view, url, save, signals: new Signals(), anchors: new Map(), spans: new Map(), looked: -Infinity, next: 0 });
    for (const name of ["made", "remote", "synced"]) session.signals.on(name, () => this.soon());
  }

  /* All of them, again after every connection: whatever was announced meanwhile was missed. */
  async load() {
    const answer = await fetch(this.url, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return false;
    const { open, threads } = await answer.json();
    const composed = this.anchors.get(COMPOSED); // asked for last: it may have been begun meanwhile
    this.open = open; // how many there are, those on the whole prompt among them
    this.anchors = new Map(threads.map((anchor) => [anchor.id, parsed(anchor)]));
    if (composed) this.anchors.set(COMPOSED, composed);
    this.looked = -Infinity;
    this.place();
    return true;
  }

  put(anchor) {
    if (!anchor.quote) return;
    this.anchors.set(anchor.id, parsed(anchor));
    this.looked = -Infinity;
    this.place();
  }

  drop(id) {
    if (this.anchors.delete(id)) this.place();
  }

  has(id) {
    return this.anchors.has(id);
  }

  /* {from, to}, "gone", or undefined for a thread on the whole prompt. */
  spanOf(id) {
    return this.spans.get(id);
  }

  /* In the order of the text; those whose words are gone come last. */
  order() {
    const ids = [...this.anchors.keys()].filter((id) => id !== COMPOSED);
    const at = (id) => this.spans.get(id)?.from ?? Infinity;
    return ids.sort((a, b) => at(a) - at(b) || (a < b ? -1 : 1));
  }

  soon() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.place();
    }, SOON_MS);
  }

  place() {
    const list = [...this.anchors.values()];
    const here = list.map((one) => (one.epoch === this.session.epoch || !one.epoch ? { start: one.starts, end: one.ends } : { start: null, end: null }));
    const found = spansOf(this.session.text, here);
    const lost = [];
    this.spans = new Map(list.map((one, at) => {
      if (found[at] === null || found[at] === "gone") lost.push(one);
      return [one.id, found[at] ?? "gone"];
    }));
    if (lost.length) this.#look(lost);
    showSpans(this.view, [...this.spans].flatMap(([id, span]) => (span === "gone" ? [] : [{ id, ...span }])));
    this.signals.emit("changed");
  }

  #look(lost) {
    const wait = this.looked + LOOK_MS - performance.now();
    if (wait > 0) {
      this.later ??= setTimeout(() => {
        this.later = null;
        this.place();
      }, wait);
      return;
    }
    this.looked = performance.now();
    const all = this.session.plainText();
    if (all === this.searched?.all && this.searched.ids === lost.map(({ id }) => id).join()) return;
    const from = lost.length > LOOKS ? this.next % lost.length : 0;
    this.next = from + LOOKS;
    const turn = [...lost, ...lost].slice(from, from + Math.min(LOOKS, lost.length));
    const left = new Set(lost.map(({ id }) => id));
    for (const one of turn) if (this.#found(one, all)) left.delete(one.id);
    if (lost.length <= LOOKS) this.searched = { all, ids: [...left].join() };
    else this.soon();
  }

  #found(one, all) {
    const span = findAgain(all, one);
    if (!span) return false;
    const { start, end } = anchorAt(this.session.text, span.from, span.to);
    this.anchors.set(one.id, { ...one, starts: readPosition(start), ends: readPosition(end), epoch: this.session.epoch, isOurs: true });
    this.spans.set(one.id, span);
    if (this.session.canWrite && one.id !== COMPOSED) setTimeout(() => this.#tell(one.id), Math.random() * SPREAD_MS);
    return true;
  }

  /* Unless somebody else was faster, the words are gone again, or we are not connected. */
  #tell(id) {
    const span = this.spans.get(id);
    const isOurs = this.anchors.get(id)?.isOurs;
    if (!isOurs || !span || span === "gone" || this.session.state.link !== "live") return;
    this.anchors.get(id).isOurs = false;
    this.save(id, { ...anchorAt(this.session.text, span.from, span.to), epoch: this.session.epoch });
  }
}
