/* What was seen is read: a card in sight for a moment, in a window that is looked at. */

import { bodyOf } from "./cards.js";

const SEEN_MS = 1_000;

export class Reading {
  constructor(base) {
    Object.assign(this, { base, waiting: new Map(), watched: new WeakSet() });
    this.observer = new IntersectionObserver((entries) => entries.forEach((entry) => this.#met(entry)), { threshold: 0.5 });
    document.addEventListener("htmx:after:swap", () => this.watch());
    document.addEventListener("visibilitychange", () => document.hidden && this.#stop());
  }

  watch() {
    for (const card of document.querySelectorAll("#thread-list > .thread:has([data-unread])")) {
      if (this.watched.has(card)) continue;
      this.watched.add(card);
      this.observer.observe(card);
    }
  }

  #met({ target, isIntersecting }) {
    const id = target.dataset.thread;
    clearTimeout(this.waiting.get(id));
    this.waiting.delete(id);
    if (isIntersecting && !document.hidden) this.waiting.set(id, setTimeout(() => this.seen(id), SEEN_MS));
  }

  #stop() {
    for (const timer of this.waiting.values()) clearTimeout(timer);
    this.waiting.clear();
  }

  async seen(id) {
    const body = bodyOf(id);
    if (!body?.hasAttribute("data-unread")) return;
    const answer = await fetch(`${this.base}/${id}/read`, { method: "POST", body: new URLSearchParams({ number: body.dataset.last }), headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok) return;
    body.removeAttribute("data-unread"); // the dots fade; what comes later is new again
    this.observer.unobserve(body.closest(".thread"));
    this.watched.delete(body.closest(".thread"));
  }
}
