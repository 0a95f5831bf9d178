/* The bar under the text: words, tokens, variables, line, connection. */

import { toast } from "../toasts.js";
import { compareVariables } from "./template.js";
import { countWords, estimateTokens } from "./texts.js";
import { announce } from "./signal.js";
import { element, openMenu } from "./ui.js";

const PAUSE_MS = 180; // counting waits for a pause in typing
const number = new Intl.NumberFormat("en");
const count = (amount, noun) => `${number.format(amount)} ${noun}${amount === 1 ? "" : "s"}`;

/* "6 variables, all set": what the text uses against what is declared. Pure. */
export function variablesLine({ used, undeclared, unused }) {
  if (!used.length && !unused.length) return "No variables";
  const notes = [];
  if (undeclared.length) notes.push(`${undeclared.length} not declared`);
  if (unused.length) notes.push(`${unused.length} unused`);
  return `${count(used.length, "variable")}, ${notes.length ? notes.join(", ") : "all set"}`;
}

export class StatusBar {
  constructor({ bar, session, declaredNow, usedNow, declare }) {
    Object.assign(this, { session, declaredNow, usedNow, declare, latency: null });
    this.part = (name) => bar.querySelector(`[data-status="${name}"]`);
    const { signals } = session;
    for (const name of ["synced", "made", "remote"]) signals.on(name, () => this.soon());
    for (const name of ["state", "stopped"]) signals.on(name, () => this.connection());
    signals.on("latency", (milliseconds) => {
      this.latency = this.latency === null ? milliseconds : this.latency * 0.7 + milliseconds * 0.3;
      this.connection();
    });
    this.count();
    this.connection();
  }

  soon() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.count();
    }, PAUSE_MS);
  }

  count() {
    const text = this.session.plainText();
    this.#warn(text.length);
    this.#say("words", count(countWords(text), "word"));
    this.#say("tokens", `about ${count(estimateTokens(text), "token")}`);
    const used = this.usedNow(); // null: the server cannot read the text, and the settings panel says why
    if (used === null) {
      this.mark = null;
      this.#say("variables", "The template cannot be read");
      return;
    }
    const found = compareVariables(text, this.declaredNow(), used);
    const mark = JSON.stringify(found);
    if (mark === this.mark) return;
    this.mark = mark;
    this.#variables(found);
    announce("variables:used", found);
  }

  /* Said once when the text passes the mark from which the server calls it long. */
  #warn(length) {
    const { text_warn: mark = Infinity, text: limit } = this.session.hello?.limits ?? {};
    if (length > mark && !this.warned) toast(`This prompt is long: ${number.format(length)} of at most ${number.format(limit)} characters`, { icon: "triangle-alert" });
    this.warned = length > mark;
  }

  #variables(found) {
    const words = variablesLine(found);
    const part = this.part("variables");
    if (!part) return;
    if (!found.undeclared.length && !found.unused.length) {
      part.textContent = words;
      return;
    }
    const button = element("button", {
      class: "status-button", type: "button", "aria-haspopup": "menu", "aria-expanded": "false", text: words,
      click: () => this.#list(button, found),
    });
    part.replaceChildren(button);
  }

  #list(button, { undeclared, unused }) {
    const declare = this.session.canWrite ? this.declare : null;
    openMenu(button, [
      ...(declare && undeclared.length > 1 ? [{ label: `Declare all ${undeclared.length}`, run: () => declare(...undeclared) }, null] : []),
      ...undeclared.map((name) => ({ label: declare ? `Declare ${name}` : `${name} is not declared`, detail: "used in the text", run: () => declare?.(name) })),
      ...unused.map((name) => ({ label: `${name} is unused`, detail: "show in settings", run: () => document.querySelector('[data-rail-open="tab-settings"]')?.click() })),
    ], { label: "Variables to look at" });
  }

  line(state, voices) {
    this.#say("author", voices.line(state));
    this.#say("line", `Line ${number.format(state.doc.lineAt(state.selection.main.head).number)}`);
  }

  connection() {
    const part = this.part("connection");
    if (!part) return;
    const { link, online } = this.session.state;
    const live = link === "live";
    const latency = this.latency === null ? "" : `, ${Math.max(1, Math.round(this.latency))} ms`;
    const words = live ? `Live${latency}` : link === "ended" ? "Closed" : link === "opening" ? "Connecting" : online ? "Reconnecting" : "Offline";
    const dot = element("span", { class: live ? "dot ok live" : "dot warn" });
    if (part.textContent !== words) part.replaceChildren(dot, words);
  }

  #say(name, words) {
    const part = this.part(name);
    if (part && part.textContent !== words) part.textContent = words;
  }
}
