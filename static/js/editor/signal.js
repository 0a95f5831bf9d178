/* A list of listeners by name: how the parts of the editor hear of each other without knowing each other. */

export class Signals {
  #listeners = new Map();

  on(name, listener) {
    const list = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, list.add(listener));
    return () => list.delete(listener);
  }

  emit(name, detail) {
    for (const listener of this.#listeners.get(name) ?? []) listener(detail);
  }
}

/* What the rest of the page listens to: `hx-trigger="version:published from:body"`. */
export function announce(name, detail) {
  document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}
