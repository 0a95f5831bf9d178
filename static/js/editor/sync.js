/* Exchanging the document with the server: updates out in small batches, barriers behind them, resync after a refusal. */

import { Y } from "./vendor.js";
import { BARRIER, NACK, STEP1, STEP2, SYNC, UPDATE, barrierFrame, readBarrier, syncFrame } from "./wire.js";

const BATCH_MS = 40; // with barriers and presence this stays under the 60 messages a second a room allows
const BARRIER_MS = 60;
const PROBE_MS = 15_000; // an idle barrier measures latency and finds dead connections
const FIRST_MS = 300;
const SILENCE_MS = 12_000;
const RATE_PAUSE_MS = 1_500;
const STORAGE_PAUSE_MS = 2_000;
const STORAGE_CAP_MS = 15_000;
const HEADROOM = 64; // bytes of framing around an update

export class Sync {
  /* send(frame) puts bytes on the socket; signals: made, remote, synced, acked, refused, latency, silent. */
  constructor({ doc, send, signals }) {
    Object.assign(this, { doc, send, signals, canWrite: false, limits: null, made: 0, acked: 0, generation: 0 });
    this.queue = [];
    this.timers = { flush: null, barrier: null, retry: null, probe: null };
    this.active = false;
    this.refusals = 0;
    this.theirs = null; // the server's state vector when it last told us
    doc.on("update", (update, origin) => this.#updated(update, origin));
  }

  /* A new connection: nothing is known to have arrived until both sides have exchanged state. */
  start({ limits, canWrite }) {
    Object.assign(this, { limits, canWrite, active: true, exchanged: false, synced: false, outstanding: null, refusals: 0, measured: false });
    this.queue = [];
    this.generation += 1;
    this.flushedAt = this.barrierAt = 0;
    this.heardAt = performance.now();
    this.send(syncFrame(STEP1, Y.encodeStateVector(this.doc)));
    this.timers.probe = setInterval(() => this.#probe(), PROBE_MS / 3);
  }

  stop() {
    this.active = false;
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    this.timers = { flush: null, barrier: null, retry: null, probe: null };
  }

  receive(frame) {
    this.heardAt = performance.now();
    if (frame.type === SYNC && frame.step === STEP1) this.#answer(frame.payload);
    else if (frame.type === SYNC) this.#apply(frame);
    else if (frame.type === BARRIER) this.#echoed(readBarrier(frame.payload));
    else if (frame.type === NACK) this.#refused(frame.value);
  }

  /* Remote text is held back while the person composes a character; CodeMirror would otherwise end the composition. */
  hold() {
    this.held ??= [];
  }

  release() {
    const held = this.held ?? [];
    this.held = null;
    for (const frame of held) this.#apply(frame);
  }

  /* Sends again whatever the server does not have. */
  resync() {
    if (this.active && this.theirs) this.#answer(this.theirs);
  }

  #updated(update, origin) {
    if (origin === this) return this.signals.emit("remote", update);
    if (origin === "copy") return undefined; // read from this device; the first exchange offers it to the server
    this.made += 1;
    this.signals.emit("made", { update, upto: this.made });
    if (!this.active || !this.exchanged) return undefined; // the exchange will carry it
    this.queue.push(update);
    if (this.timers.retry === "shrink") this.resync();
    return this.#schedule();
  }

  #schedule() {
    if (this.timers.flush || this.timers.retry || !this.queue.length) return;
    const wait = this.flushedAt + BATCH_MS - performance.now();
    if (wait <= 0) this.#flush();
    else this.timers.flush = setTimeout(() => this.#flush(), wait);
  }

  #flush() {
    this.timers.flush = null;
    if (!this.active || this.timers.retry || !this.queue.length) return;
    const update = this.queue.length > 1 ? Y.mergeUpdates(this.queue) : this.queue[0];
    this.queue = [];
    this.flushedAt = performance.now();
    // A paste larger than a frame goes as a second sync step, which has a limit of its own.
    const step = update.length + HEADROOM > this.limits.frame ? STEP2 : UPDATE;
    this.send(syncFrame(step, update));
    this.#barrier();
  }

  #answer(theirs) {
    clearTimeout(this.timers.retry);
    this.timers.retry = null;
    this.theirs = theirs;
    this.queue = []; // the difference below holds everything made so far
    this.send(syncFrame(STEP2, Y.encodeStateAsUpdate(this.doc, theirs)));
    this.exchanged = true;
    this.generation += 1;
    this.outstanding = null;
    this.#barrier(true);
  }

  #apply(frame) {
    if (this.held) return this.held.push(frame);
    Y.applyUpdate(this.doc, frame.payload, this);
    if (frame.step === STEP2 && !this.synced) {
      this.synced = true;
      this.signals.emit("synced");
    }
    return undefined;
  }

  #barrier(now = false) {
    if (this.outstanding || this.timers.barrier || this.timers.retry) return;
    const wait = now ? 0 : this.barrierAt + BARRIER_MS - performance.now();
    if (wait > 0) {
      this.timers.barrier = setTimeout(() => {
        this.timers.barrier = null;
        this.#barrier();
      }, wait);
      return;
    }
    if (!this.active || !this.exchanged || this.queue.length) return; // the flush to come asks again
    this.barrierAt = performance.now();
    this.outstanding = Y.encodeStateVector(this.doc); // once echoed, the server has at least this
    this.send(barrierFrame(this.generation, this.made));
  }

  #echoed({ generation, upto }) {
    if (generation !== this.generation) return; // asked before a refusal: it would claim too much
    if (this.measured) this.signals.emit("latency", performance.now() - this.barrierAt);
    else this.timers.first = setTimeout(() => this.#barrier(true), FIRST_MS); // this one waited for the exchange too
    this.measured = true;
    this.theirs = this.outstanding;
    this.outstanding = null;
    this.refusals = 0;
    this.acked = Math.max(this.acked, upto);
    this.signals.emit("acked", { upto });
    if (this.made > upto && !this.queue.length) this.#barrier();
  }

  #refused({ reason, message }) {
    this.generation += 1;
    this.outstanding = null;
    this.refusals += 1;
    if (reason === "rate") this.#retryIn(RATE_PAUSE_MS * (1 + Math.random()));
    else if (reason === "storage") {
      this.#retryIn(Math.min(STORAGE_CAP_MS, STORAGE_PAUSE_MS * 2 ** (this.refusals - 1)) * (0.5 + Math.random() / 2));
    } else this.timers.retry = "shrink"; // only another edit can help
    this.signals.emit("refused", { reason, message });
  }

  #retryIn(milliseconds) {
    clearTimeout(this.timers.retry);
    this.timers.retry = setTimeout(() => this.resync(), milliseconds);
  }

  #probe() {
    const idle = performance.now() - this.heardAt;
    const asked = this.outstanding && performance.now() - this.barrierAt > SILENCE_MS;
    if (asked && idle > SILENCE_MS) this.signals.emit("silent");
    else if (idle > PROBE_MS || performance.now() - this.barrierAt > PROBE_MS) this.#barrier(true);
  }
}
