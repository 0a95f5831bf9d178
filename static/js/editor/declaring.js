/* Declared variables: what the page knows, asked for again when somebody changes them, and declaring one more. */

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

  async declare(name) {
    const body = new URLSearchParams({ name });
    const response = await fetch(this.url, { method: "POST", body, headers: { "HX-Request": "true", "HX-Request-Type": "partial" } }).catch(() => null);
    if (!response?.ok) {
      toast(`${name} could not be declared. Try again when you are back online.`, { icon: "circle-alert", tone: "bad" });
      return;
    }
    if (!this.list.some((variable) => variable.name === name)) this.#set([...this.list, { name, type: "string" }]);
    toast(`${name} is declared`);
  }
}
