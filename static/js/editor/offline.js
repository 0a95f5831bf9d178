/* This device's copy of one room: loaded before the server answers, written behind every change, kept small. */

import { Copies } from "./copies.js";
import { Y } from "./vendor.js";

const BATCH_MS = 30;
const COMPACT_AT = 200;

export class Shelf {
  /* Signals: kept (upto), device (value, text). Without a database the editor works on, and says less. */
  constructor({ user, room, signals }) {
    Object.assign(this, { user, room, signals, copies: null, copy: null, known: [], queue: [], upto: 0, timer: null });
  }

  async open() {
    try {
      this.copies = await Copies.open();
    } catch {
      this.signals.emit("device", { value: "none" });
      return null;
    }
    const [newest, ...older] = await this.copies.of(this.user, this.room);
    for (const copy of older) if (!copy.unsent) await this.copies.remove(copy.id);
    this.copy = newest ?? null;
    return this.copy;
  }

  async load(doc) {
    this.doc = doc;
    const { keys, updates } = await this.copies.updates(this.copy.id);
    this.known = keys;
    if (!updates.length) return;
    Y.applyUpdate(doc, updates.length > 1 ? Y.mergeUpdates(updates) : updates[0], "copy");
    if (updates.length > 1) await this.#compact(doc);
  }

  /* From now on every change of `doc` under this epoch is written down. */
  begin(doc, epoch, prompt) {
    this.doc = doc;
    if (!this.copies) return;
    const id = `${this.user}/${this.room}/${epoch}`;
    if (this.copy?.id !== id) this.copy = { id, user: this.user, room: this.room, epoch, unsent: 0 };
    this.copy.prompt = prompt;
    this.copies.tidy(this.user, this.room).catch(() => {});
    if (this.queue.length) this.#soon();
  }

  /* unsent: how many edits the server has not acknowledged, counted as a person would. */
  add(update, { upto = this.upto, unsent = 0 } = {}) {
    this.upto = Math.max(this.upto, upto);
    this.unsent = unsent;
    this.queue.push(update);
    this.#soon();
  }

  acknowledged() {
    this.unsent = 0;
    if (this.copy?.unsent) this.#soon();
  }

  async forget() {
    clearTimeout(this.timer);
    this.stopped = true;
    if (this.copies && this.copy) await this.copies.remove(this.copy.id);
  }

  #soon() {
    if (!this.copies || !this.copy || this.timer || this.writing || this.stopped) return;
    this.timer = setTimeout(() => this.#write(), BATCH_MS);
  }

  async #write() {
    this.timer = null;
    const { queue, upto } = this;
    this.queue = [];
    this.writing = true;
    this.copy.unsent = this.unsent ?? this.copy.unsent;
    try {
      const updates = queue.length > 1 ? [Y.mergeUpdates(queue)] : queue;
      this.known.push(...await this.copies.append(this.copy, updates));
      if (this.known.length > COMPACT_AT) await this.#compact(this.doc);
      this.signals.emit("kept", { upto });
      this.signals.emit("device", { value: "ok" });
    } catch (error) {
      this.queue.unshift(...queue);
      this.#failed(error);
    }
    this.writing = false;
    const stale = this.unsent !== undefined && this.copy.unsent !== this.unsent; // acknowledged meanwhile
    if ((this.queue.length || stale) && !this.failing) this.#soon();
  }

  async #compact(doc) {
    const key = await this.copies.compact(this.copy, this.known, Y.encodeStateAsUpdate(doc));
    this.known = [key];
  }

  #failed(error) {
    const full = error?.name === "QuotaExceededError";
    this.signals.emit("device", {
      value: "failed", text: full ? "this device's storage is full" : "this device cannot keep a copy",
    });
    this.failing = setTimeout(() => {
      this.failing = null;
      this.#soon();
    }, 10_000);
  }
}
