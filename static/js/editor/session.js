/* One visit to one room: document, connection, device copy and save state, tied together. Draws nothing. */

import { Connection, roomUrl } from "./connection.js";
import { Shelf } from "./offline.js";
import { keepProposal } from "./proposal.js";
import { describe, initial, reduce, warnsOnClose } from "./savestate.js";
import { Signals, announce } from "./signal.js";
import { Sync } from "./sync.js";
import { Y } from "./vendor.js";
import { DRAIN, EVENT, ROLE, TEXTHASH, jsonFrame } from "./wire.js";

const RESTARTS_KEY = "promptroom:restarted";
const COPY_MS = 1_500; // how long to wait for the server before showing this device's copy

export class Session {
  constructor(boot) {
    this.boot = boot;
    this.signals = new Signals();
    this.doc = new Y.Doc();
    this.text = this.doc.getText("text");
    this.epoch = null;
    this.hello = null;
    this.canWrite = boot.can_write;
    this.state = initial({ canWrite: boot.can_write, ask: boot.ask, version: boot.published });
    this.shelf = new Shelf({ user: boot.user.id, room: boot.room.id, signals: this.signals });
    this.connection = new Connection({ url: roomUrl(boot.room.url), signals: this.signals, greet: (hello) => this.#greet(hello) });
    this.sync = new Sync({ doc: this.doc, send: (frame) => this.connection.send(frame), signals: this.signals });
    this.#wire();
  }

  /* Resolves once there is text to edit: the server's, or this device's copy when the server keeps us waiting.
     The answer is whether there is anything to open. */
  async open() {
    const copy = await this.shelf.open().catch(() => null);
    if (copy) {
      await this.shelf.load(this.doc);
      this.epoch = copy.epoch;
      this.state = initial({ ...this.#facts(), unsent: copy.unsent });
    }
    this.tell({ type: "online", value: navigator.onLine });
    const synced = new Promise((resolve) => {
      this.signals.on("synced", resolve);
    });
    this.connection.open();
    const late = new Promise((resolve) => {
      if (copy) setTimeout(resolve, COPY_MS);
    });
    await Promise.race([synced, late]);
    return this.state.link !== "ended";
  }

  /* Tells the state machine a fact, and everyone else what may now be said. */
  tell(event) {
    this.state = reduce(this.state, event, Date.now());
    this.#refresh();
  }

  shown() {
    return describe(this.state, Date.now());
  }

  plainText() {
    return this.text.toString();
  }

  #facts() {
    const { canWrite, ask, version } = this.state;
    return { canWrite, ask, version };
  }

  #refresh() {
    clearTimeout(this.refreshing);
    const shown = this.shown();
    if (shown.next !== null) this.refreshing = setTimeout(() => this.#refresh(), shown.next + 5);
    this.signals.emit("state", shown);
  }

  #wire() {
    const { signals, sync } = this;
    signals.on("made", ({ update, upto }) => {
      this.tell({ type: "made" });
      this.shelf.add(update, { upto, unsent: this.state.edits });
    });
    signals.on("remote", (update) => this.shelf.add(update, { unsent: this.state.edits }));
    signals.on("kept", ({ upto }) => this.tell({ type: "kept", upto }));
    signals.on("device", (event) => this.tell({ type: "device", ...event }));
    signals.on("acked", ({ upto }) => this.#acknowledged(upto));
    signals.on("synced", () => this.tell({ type: "synced" }));
    signals.on("refused", (refusal) => this.#refused(refusal));
    signals.on("silent", () => this.connection.drop());
    signals.on("live", (hello) => this.#live(hello));
    signals.on("frame", (frame) => this.#frame(frame));
    signals.on("lost", () => {
      sync.stop();
      this.tell({ type: "lost" });
    });
    signals.on("ended", (end) => this.#ended(end));
    addEventListener("online", () => this.tell({ type: "online", value: true }));
    addEventListener("offline", () => this.tell({ type: "online", value: false }));
    addEventListener("beforeunload", (event) => warnsOnClose(this.state) && !this.restarting && event.preventDefault());
  }

  #greet(hello) {
    const changed = this.epoch !== null && this.epoch !== hello.epoch;
    const stranded = !hello.can_write && warnsOnClose(this.state);
    if (changed || stranded) {
      this.#startOver(changed ? "epoch" : "readonly");
      return null;
    }
    const answer = { epoch: this.epoch, client_id: this.doc.clientID };
    this.epoch = hello.epoch;
    this.shelf.begin(this.doc, hello.epoch, { id: this.boot.prompt.id, title: this.boot.prompt.title });
    return answer;
  }

  #live(hello) {
    this.hello = hello;
    this.#role(hello);
    this.tell({ type: "live" });
    this.#storage(hello.storage);
    this.sync.start({ limits: hello.limits, canWrite: hello.can_write });
  }

  #acknowledged(upto) {
    this.tell({ type: "acked", upto });
    if (!warnsOnClose(this.state)) this.shelf.acknowledged();
  }

  #role({ role, can_write: canWrite }) {
    this.canWrite = canWrite;
    this.tell({ type: "role", canWrite });
    this.signals.emit("role", { role, canWrite });
  }

  #storage({ ok, cause }) {
    if (ok) {
      this.tell({ type: "recovered", kind: "storage" });
      if (this.sync.refusals) this.sync.resync();
    } else this.tell({ type: "failed", kind: "storage", text: cause || "the server cannot write" });
  }

  #refused({ reason, message }) {
    const known = reason === "storage" && this.state.failure?.kind === "storage";
    const text = known ? this.state.failure.text : lead(message);
    if (reason !== "rate") this.tell({ type: "failed", kind: reason, text });
    this.signals.emit("nack", { reason, message });
  }

  #frame(frame) {
    this.sync.receive(frame);
    if (frame.type === EVENT) this.#event(frame.value);
    else if (frame.type === ROLE) this.#roleFrame(frame.value);
    else if (frame.type === TEXTHASH) this.#compare(frame.value);
    else if (frame.type !== DRAIN) this.signals.emit("other", frame);
  }

  #roleFrame(value) {
    this.#role(value);
    if (value.message) this.signals.emit("notice", value.message);
  }

  #event(event) {
    if (event.type === "storage") this.#storage(event.data);
    if (event.type === "version.published") this.tell({ type: "version", number: event.data.number });
    this.signals.emit("event", event);
    announce("room:event", event);
    announce(event.type.replace(".", ":"), { ...event.data, by: event.by });
  }

  /* The server's periodic check that both hold the same text; only a difference is worth an answer. */
  async #compare({ sv, sha256 }) {
    if (!crypto.subtle || !sameVector(sv, Y.encodeStateVector(this.doc))) return;
    const vector = Y.encodeStateVector(this.doc);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(this.plainText()));
    const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex !== sha256) this.connection.send(jsonFrame(TEXTHASH, { sv: btoa(String.fromCharCode(...vector)), sha256: hex }));
  }

  #ended({ kind, text }) {
    this.sync.stop();
    if (kind === "epoch") return this.#startOver("epoch");
    this.tell({ type: "ended", kind, text });
    const waiting = warnsOnClose(this.state);
    const refused = kind === "invalid" || kind === "too-large";
    // Sent again after a reload, a refused edit would only be refused again.
    const kept = refused && waiting && this.#putAside("refused");
    if (kind === "removed" || kind === "gone" || kept || (kind === "signed-out" && !waiting)) this.shelf.forget();
    return this.signals.emit("stopped", { kind, text, waiting });
  }

  #putAside(reason) {
    try {
      keepProposal(this.boot, { text: this.plainText(), reason, edits: this.state.edits });
      return true;
    } catch {
      return false; // this browser cannot keep it: the text stays on the screen
    }
  }

  /* Histories are never mixed: what was not sent is put aside as a proposal and the room is entered afresh. */
  async #startOver(reason) {
    const before = JSON.parse(sessionStorage.getItem(RESTARTS_KEY) ?? "{}");
    const again = before.epoch === this.epoch && Date.now() - before.at < 10_000; // the old copy would not go away
    try {
      if (again) throw new Error("started over a moment ago");
      if (warnsOnClose(this.state) && !this.#putAside(reason)) throw new Error("nowhere to keep the text");
      await this.shelf.forget();
      sessionStorage.setItem(RESTARTS_KEY, JSON.stringify({ epoch: this.epoch, at: Date.now() }));
    } catch {
      this.connection.end("refused", "this page no longer fits the prompt");
      return;
    }
    this.restarting = true;
    location.reload();
  }
}

/* The first of a server's sentences, fit to follow "Not saved · ". */
function lead(message) {
  const text = (message || "the server refused an edit").replace(/^Not saved: /, "").split(/\.(?: |$)/)[0];
  return /^[A-Z][a-z]/.test(text) ? text[0].toLowerCase() + text.slice(1) : text;
}

function sameVector(base64, own) {
  const theirs = Y.decodeStateVector(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
  const ours = Y.decodeStateVector(own);
  return theirs.size === ours.size && [...theirs].every(([client, clock]) => ours.get(client) === clock);
}
