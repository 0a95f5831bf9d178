/* Who is here and where: our own state out at most 15 times a second, everyone else's in once per animation frame. */

import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from "./vendor.js";
import { Signals } from "./signal.js";
import { AWARENESS, QUERY_AWARENESS, bytesFrame } from "./wire.js";

const SEND_MS = 67;
const HIDDEN_MS = 500; // animation frames stand still in a hidden tab
export const AWAY_MS = 600_000;

/* What a peer's client says of its window; any client may say anything. */
function place(view) {
  const whole = (value) => (Number.isSafeInteger(value) && value > 0 ? value : null);
  return { line: whole(view?.line), following: whole(view?.following), followable: view?.followable !== false };
}

export class Presence {
  /* Signals: changed. Peers: {client, user, cursor, mode, line, following, followable, movedAt}. */
  constructor({ session, preferences }) {
    this.session = session;
    this.signals = new Signals();
    this.awareness = new Awareness(session.doc);
    this.awareness.setLocalState(null);
    // The server passes on mode, cursor and view, and adds the user itself.
    this.local = { mode: "viewing", cursor: null, view: { line: 1, following: null, followable: preferences.let_follow } };
    this.moved = new Map(); // client → {mark, at}
    this.incoming = [];
    this.sentAt = 0;
    session.signals.on("other", (frame) => this.#receive(frame));
    session.signals.on("live", () => this.#publish());
    session.signals.on("lost", () => this.#forgetPeers());
    session.signals.on("stopped", () => this.#forgetPeers());
    addEventListener("pagehide", () => this.#leave());
    addEventListener("pageshow", (event) => event.persisted && this.#publish());
    // The protocol forgets whoever is silent for 30 seconds; the library renews our state and tells us here.
    this.awareness.on("update", (_changes, origin) => origin === "local" && this.#send());
  }

  /* Changes some fields of our own state; sent soon, together with whatever else changes by then. */
  set({ view, ...fields }) {
    Object.assign(this.local, fields);
    Object.assign(this.local.view, view);
    if (this.timer) return;
    const wait = Math.max(0, this.sentAt + SEND_MS - performance.now());
    this.timer = setTimeout(() => this.#publish(), wait);
  }

  peers() {
    const own = this.session.doc.clientID;
    const states = [...this.awareness.getStates()].filter(([client, state]) => client !== own && state.user);
    return states.sort(([a], [b]) => a - b).map(([client, state]) => ({
      client, user: state.user, mode: state.mode, cursor: state.cursor ?? null, ...place(state.view), movedAt: this.moved.get(client)?.at ?? 0,
    }));
  }

  #publish() {
    clearTimeout(this.timer);
    this.timer = null;
    this.sentAt = performance.now();
    if (this.session.connection.greeted) this.awareness.setLocalState({ ...this.local, view: { ...this.local.view } });
  }

  #send() {
    const own = this.session.doc.clientID;
    if (this.awareness.meta.has(own)) {
      this.session.connection.send(bytesFrame(AWARENESS, encodeAwarenessUpdate(this.awareness, [own])));
    }
  }

  #leave() {
    this.awareness.setLocalState(null);
  }

  #receive(frame) {
    if (frame.type === QUERY_AWARENESS) this.#publish();
    if (frame.type !== AWARENESS) return;
    this.incoming.push(frame.payload);
    if (this.incoming.length > 1) return;
    if (document.hidden) setTimeout(() => this.#apply(), HIDDEN_MS);
    else requestAnimationFrame(() => this.#apply());
  }

  #apply() {
    const own = this.session.doc.clientID;
    for (const payload of this.incoming.splice(0)) applyAwarenessUpdate(this.awareness, payload, "remote");
    const now = Date.now();
    for (const [client, state] of this.awareness.getStates()) {
      const mark = JSON.stringify(state.cursor ?? null);
      if (client !== own && this.moved.get(client)?.mark !== mark) this.moved.set(client, { mark, at: now });
    }
    for (const client of this.moved.keys()) if (!this.awareness.getStates().has(client)) this.moved.delete(client);
    this.signals.emit("changed");
  }

  #forgetPeers() {
    const others = [...this.awareness.getStates().keys()].filter((client) => client !== this.session.doc.clientID);
    removeAwarenessStates(this.awareness, others, "lost");
    this.incoming = [];
    this.signals.emit("changed");
  }
}
