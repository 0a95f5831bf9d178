/* Declared variables: what the page knows, asked for again when somebody changes them, and declaring more. */

import { toast } from "../toasts.js";

const SOON_MS = 250;

export class Declared {
  constructor({ boot, session, changed }) {
    Object.assign(this, { list: boot.variables ?? [], changed });
    this.url = boot.urls.variables ?? boot.urls.settings.replace(/settings$/, "variables");
    session.signals.on("event", (event) => {
      const fields = event.data?.fields ?? [];
      if (event.type === "settings.changed" && fields.some((field) => field.startsWith("variables"))) this.#soon();
      if (event.type === "version.restored") this.#soon();
    });
    document.body.addEventListener("variables:declare", (event) => this.declare(...event.detail.names));
    session.signals.on("live", () => this.stale && this.#soon());
    session.signals.on("lost", () => {
      this.stale = true; // whatever is announced meanwhile is missed
    });
  }

  #soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#reload(), SOON_MS);
  }

  /* The page itself is the source: it carries the same list it was opened with. */
  async #reload() {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!response?.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const boot = page.getElementById("editor-boot");
    if (!boot) return;
    this.stale = false;
    this.#set(JSON.parse(boot.textContent).variables);
  }

  #set(list) {
    this.list = list;
    this.changed(list);
  }

  /* One after the other: each changes the same list. Says once what came of it. */
  async declare(...names) {
    const done = [];
    let refusal = null;
    for (const name of names) {
      refusal = await this.#post(name);
      if (refusal !== null) break;
      done.push(name);
    }
    const known = new Set(this.list.map((variable) => variable.name));
    const added = done.filter((name) => !known.has(name));
    if (added.length) this.#set([...this.list, ...added.map((name) => ({ name, type: "string" }))]);
    if (done.length) toast(done.length === 1 ? `${done[0]} is declared` : `${done.length} variables are declared`);
    if (refusal !== null) toast(`${names[done.length]} could not be declared. ${refusal}`, { icon: "circle-alert", tone: "bad" });
  }

  /* Null when it is declared, else why not. */
  async #post(name) {
    const body = new URLSearchParams({ name });
    const response = await fetch(this.url, { method: "POST", body, headers: { "HX-Request": "true", "HX-Request-Type": "partial" } }).catch(() => null);
    if (response?.ok) return null;
    if (!response) return "Try again when you are back online.";
    const answer = new DOMParser().parseFromString(await response.text(), "text/html");
    return answer.getElementById("add-variable-error")?.textContent.trim() ?? "Try again.";
  }
}
