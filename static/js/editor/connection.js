/* One room's WebSocket: greeting, frames in and out, reconnecting with full jitter, draining, permanent endings. */

import { ending, pause } from "./closing.js";
import { DRAIN, HELLO, HELLO_BACK, jsonFrame, readFrame } from "./wire.js";

export const PROTOCOL = 1;
const HANDSHAKE_MS = 12_000;
const STABLE_MS = 5_000; // a connection that lasted this long starts the jitter afresh

export function roomUrl(path, base = location.href) {
  const url = new URL(path, base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("ack", "1");
  return url.href;
}

export class Connection {
  /* greet(hello) answers what to send as our HELLO, or null to leave the socket alone (the caller starts over).
     Signals: live, frame, lost, ended. */
  constructor({ url, signals, greet }) {
    Object.assign(this, { url, signals, greet, socket: null, attempt: 0, retry: null, drainMs: null, ended: false });
    addEventListener("online", () => this.#hurry());
    addEventListener("offline", () => this.drop());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#hurry());
  }

  open() {
    clearTimeout(this.retry);
    this.retry = null;
    if (this.ended || this.socket) return;
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.greeted = false;
    this.handshake = setTimeout(() => this.drop(), HANDSHAKE_MS);
    socket.onmessage = ({ data }) => socket === this.socket && this.#received(data);
    socket.onclose = ({ code, reason }) => socket === this.socket && this.#closed(code, reason);
  }

  send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(frame);
  }

  /* Gives the socket up without waiting for a close that may never come (sleep, cable, proxy). */
  drop() {
    const socket = this.socket;
    if (!socket) return;
    socket.onclose = socket.onmessage = null;
    socket.close();
    this.#closed(1006, "");
  }

  end(kind, text) {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.retry);
    const socket = this.socket;
    this.#forget();
    if (socket) {
      socket.onclose = socket.onmessage = null;
      socket.close();
    }
    this.signals.emit("ended", { kind, text });
  }

  #received(data) {
    if (typeof data === "string") return;
    const frame = readFrame(data);
    if (frame.type === HELLO) this.#greeted(frame.value);
    else if (frame.type === DRAIN) this.drainMs = frame.value.reconnect_in_ms;
    else if (this.greeted) this.signals.emit("frame", frame);
    else this.early.push(frame); // the server opens with its own first step right after HELLO
  }

  early = [];

  #greeted(hello) {
    clearTimeout(this.handshake);
    const answer = this.greet(hello);
    if (!answer) return;
    this.greeted = true;
    this.liveAt = performance.now();
    this.send(jsonFrame(HELLO_BACK, { v: PROTOCOL, client: "promptroom-editor", ...answer }));
    this.signals.emit("live", hello);
    for (const frame of this.early.splice(0)) this.signals.emit("frame", frame);
  }

  #forget() {
    clearTimeout(this.handshake);
    this.socket = null;
    this.early = [];
  }

  #closed(code, reason) {
    if (this.greeted && performance.now() - this.liveAt > STABLE_MS) this.attempt = 0;
    this.#forget();
    const end = ending(code);
    if (end) {
      this.ended = true;
      this.signals.emit("ended", { ...end, reason });
      return;
    }
    this.signals.emit("lost", { code, reason });
    const wait = this.drainMs ?? pause(this.attempt, code, Math.random);
    this.drainMs = null;
    this.attempt += 1;
    this.retry = setTimeout(() => this.open(), wait);
  }

  #hurry() {
    if (this.retry === null || this.ended) return;
    this.attempt = 0;
    this.open();
  }
}
