/* Comments in the editor: highlights, cards and what is told in the room, tied together. */

import { openRail } from "../rail.js";
import { toast } from "../toasts.js";
import { isTextField } from "../editor/ui.js";
import { anchorOn, bodyOf, bring, cardOf, fetchCard, letGo, refresh, showCount, shownFilter, undoToast } from "./cards.js";
import { Compose } from "./compose.js";
import { forgetDraftsOf } from "./drafts.js";
import "./forms.js";
import { activeIn, scrollToSpan, showActive, threadsAt } from "./highlights.js";
import { COMPOSED, Places } from "./places.js";
import { Reading } from "./reading.js";
import { closeSheet, isPhone, isSheetOpen, openSheet, sayPlace, wireSheet } from "./sheet.js";

const CAUGHT = 20; // threads started while we were away that come into the list by themselves
const byId = (id) => document.getElementById(id);

export class Threads {
  constructor({ session, view, boot }) {
    Object.assign(this, { session, view, boot, base: boot.urls.threads, canComment: boot.can_comment, mine: new Set() });
    this.places = new Places({ session, view, url: `${this.base}/anchors`, save: (id, anchor) => this.#post(id, "anchor", anchor) });
    this.compose = new Compose({
      session, view, places: this.places, canComment: () => this.canComment && session.state.link !== "ended",
      show: () => this.show(), moveTo: (id, anchor) => this.#move(id, anchor),
    });
    this.reading = new Reading(this.base);
    this.#listen();
    this.#wire();
    this.#begin();
  }

  async #begin() {
    await this.places.load();
    showCount(this.places.open);
    await this.panel();
    this.compose.restore();
    this.reading.watch();
    this.#marks();
    const asked = new URLSearchParams(location.search).get("thread") ?? /^#thread-([0-9a-f-]{36})$/.exec(location.hash)?.[1];
    if (asked && !(await this.activate(asked, { scroll: true, show: true }))) toast("This comment was deleted", { icon: "info" });
  }

  /* htmx fetches the panel with the page; whoever needs it first waits for it. */
  panel() {
    if (byId("threads")) return Promise.resolve();
    return new Promise((resolve) => {
      const look = () => {
        if (!byId("threads")) return;
        document.removeEventListener("htmx:after:swap", look);
        resolve();
      };
      document.addEventListener("htmx:after:swap", look);
    });
  }

  async show() {
    openRail("tab-threads", { sheet: !isSheetOpen() });
    await this.panel();
  }

  get active() {
    return activeIn(this.view.state);
  }

  /* The card and its words light up together. False when there is no such thread (any more). */
  async activate(id, { scroll = false, show = false } = {}) {
    this.wanted = id;
    if (show) {
      if (isPhone()) openSheet();
      await this.show();
    }
    const card = byId("threads") ? await bring(this.base, id) : cardOf(id);
    if (this.wanted !== id) return true; // somebody chose another one meanwhile
    if (!card) return this.places.has(id);
    const anchor = anchorOn(card);
    if (anchor && !this.places.has(id) && bodyOf(id)?.dataset.state === "open") this.places.put(anchor);
    this.#light(id);
    card.scrollIntoView({ block: "nearest" });
    const span = this.places.spanOf(id);
    if ((scroll || isSheetOpen()) && span && span !== "gone") scrollToSpan(this.view, span, { above: isSheetOpen() });
    this.reading.seen(id);
    return true;
  }

  #light(id) {
    showActive(this.view, id);
    for (const card of document.querySelectorAll("#thread-list > .thread.active")) if (card.dataset.thread !== id) card.classList.remove("active");
    cardOf(id)?.classList.add("active");
    this.#say();
  }

  leave() {
    this.wanted = null;
    this.#light(null);
    if (isSheetOpen()) closeSheet();
  }

  #say() {
    const order = this.places.order();
    const id = this.active;
    sayPlace(order.indexOf(id) + 1, order.length, { canResolve: this.canComment && bodyOf(id)?.dataset.state === "open" });
  }

  /* The next or previous one in the text, from the active one or the caret. */
  step(by) {
    const order = this.places.order();
    if (!order.length) return;
    const at = order.indexOf(this.active);
    const caret = this.view.state.selection.main.head;
    const after = order.findIndex((id) => (this.places.spanOf(id)?.from ?? Infinity) >= caret);
    const from = at >= 0 ? at + by : by > 0 ? Math.max(0, after) : (after < 0 ? order.length : after) - 1;
    this.activate(order.at(from % order.length), { scroll: true, show: true });
  }

  /* After each change of the editor's state: the caret in somebody's words lights them up. */
  updated({ state, selectionSet, view }) {
    if (!selectionSet) return;
    this.compose.selected();
    if (!view.hasFocus || isPhone() || this.active === COMPOSED) return;
    const { head, empty } = state.selection.main;
    const here = empty ? threadsAt(state, head) : [];
    if (here.includes(this.active)) return;
    queueMicrotask(() => (here.length ? this.activate(here[0]) : this.active && this.leave())); // not within an update
  }

  #wire() {
    const { view } = this;
    view.contentDOM.addEventListener("click", (event) => {
      const at = event.target.closest?.(".cm-thread") ? view.posAtCoords({ x: event.clientX, y: event.clientY }) : null;
      const [first] = at === null ? [] : [...threadsAt(view.state, at), ...threadsAt(view.state, at - 1)];
      if (first && first !== COMPOSED && view.state.selection.main.empty) this.activate(first, { show: true });
    });
    document.addEventListener("click", (event) => this.#clicked(event));
    document.addEventListener("focusin", (event) => {
      const card = event.target.closest?.("#thread-list > .thread");
      if (card && card.dataset.thread !== this.active) this.activate(card.dataset.thread);
    });
    document.addEventListener("keydown", (event) => this.#pressed(event));
    const button = byId("editor-toolbar")?.querySelector('[data-command="comment"]');
    button?.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the selection
    button?.addEventListener("click", () => this.comment());
    byId("rail").addEventListener("rail:closed", () => isSheetOpen() && this.leave());
    wireSheet({ step: (by) => this.step(by), resolve: () => bodyOf(this.active)?.querySelector("form.resolve")?.requestSubmit(), close: () => this.leave() });
    document.addEventListener("htmx:after:swap", () => this.#marks());
    this.places.signals.on("changed", () => this.#marks());
  }

  #clicked(event) {
    const card = event.target.closest?.("#thread-list > .thread");
    const goto = event.target.closest?.("[data-goto]");
    if (!card) return;
    if (goto) event.preventDefault();
    if (event.target.closest("[data-reanchor]")) this.compose.startMoving(card.dataset.thread);
    else if (goto || card.dataset.thread !== this.active) this.activate(card.dataset.thread, { scroll: Boolean(goto) || !event.target.closest("a, button, textarea, summary") });
  }

  #pressed(event) {
    if (event.defaultPrevented || document.querySelector("dialog:modal")) return;
    const isMod = event.metaKey || event.ctrlKey;
    if (isMod && event.altKey && event.code === "KeyM") this.comment();
    else if (event.altKey && !isMod && ["ArrowDown", "ArrowUp"].includes(event.key) && (!isTextField(event.target) || event.target.closest(".cm-content"))) this.step(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key.toLowerCase() === "e" && !isMod && !event.altKey && !isTextField(event.target) && this.active) bodyOf(this.active)?.querySelector("form.resolve")?.requestSubmit();
    else return;
    event.preventDefault();
  }

  /* On the selection; in somebody's words, an answer to them. */
  async comment() {
    if (this.compose.take()) return;
    const [here] = threadsAt(this.view.state, this.view.state.selection.main.head);
    if (here) {
      await this.activate(here, { show: true });
      cardOf(here)?.querySelector(".reply textarea")?.focus();
    } else if (this.canComment) toast("Select the words to comment on first", { icon: "info" });
  }

  /* What only this browser knows: whose words are gone. */
  #marks() {
    for (const card of document.querySelectorAll("#thread-list > .thread")) {
      const id = card.dataset.thread;
      const body = bodyOf(id);
      body?.toggleAttribute("data-gone", body.dataset.state === "open" && this.places.spanOf(id) === "gone");
      card.classList.toggle("active", id === this.active);
    }
    this.#say();
  }

  // What others do

  #listen() {
    const { signals } = this.session;
    signals.on("event", ({ type, data, by }) => {
      if (!/^(thread|comment|reaction)\./.test(type) || !data.thread) return;
      showCount(data.open);
      this.#happened(type, data, by);
    });
    signals.on("lost", () => {
      this.isStale = true;
    });
    signals.on("live", () => this.isStale && this.#catchUp());
    signals.on("role", ({ role }) => {
      this.canComment = role !== "viewer";
      document.body.classList.toggle("no-comments", !this.canComment);
    });
    signals.on("stopped", ({ kind }) => {
      if (kind === "removed" || kind === "gone") forgetDraftsOf(`${this.boot.user.id}:${this.boot.prompt.id}:`);
    });
    document.body.addEventListener("threads:mine", (event) => this.#bring(event.detail.thread, { active: true }));
    document.body.addEventListener("threads:gone", (event) => this.#remove(event.detail.thread));
  }

  async #happened(type, { thread: id }, by) {
    const isMine = by?.id === (this.session.hello?.user.id ?? this.boot.user.id);
    if (type === "thread.deleted") return this.#remove(id);
    if (type === "thread.started" || type === "thread.reopened") return this.#bring(id);
    if (type === "thread.anchored") return this.#anchored(id);
    refresh(id);
    if (type === "thread.resolved") this.#resolved(id, isMine);
    return undefined;
  }

  /* Into the list if it belongs there; the words are marked in any case. */
  async #bring(id, { active = false } = {}) {
    refresh(id);
    const belongs = active || cardOf(id) || shownFilter() === "open";
    const card = belongs && byId("threads") ? await bring(this.base, id) : await fetchCard(this.base, id);
    const anchor = anchorOn(card);
    if (anchor) this.places.put(anchor);
    if (shownFilter() === "resolved") letGo(id);
    if (active) this.activate(id);
    this.reading.watch();
  }

  async #anchored(id) {
    refresh(id);
    const anchor = anchorOn(await fetchCard(this.base, id));
    if (anchor && this.places.has(id)) this.places.put(anchor);
  }

  #resolved(id, isMine) {
    this.places.drop(id);
    if (isMine && shownFilter() !== "resolved") {
      if (this.active === id) this.leave();
      letGo(id, { always: true });
      undoToast("Resolved", () => this.#post(id, "reopen"));
    } else if (shownFilter() !== "resolved") letGo(id);
  }

  #remove(id) {
    if (this.active === id) this.leave();
    this.places.drop(id);
    letGo(id, { always: true });
  }

  /* What happened while we were away was told to others only. */
  async #catchUp() {
    this.isStale = false;
    await this.places.load();
    const shown = [...document.querySelectorAll("#thread-list > .thread")].map((card) => card.dataset.thread);
    for (const id of shown) refresh(id);
    const known = new Set(shown);
    const missing = [...this.places.anchors.keys()].filter((id) => id !== COMPOSED && !known.has(id));
    if (shownFilter() === "open" && !byId("thread-more")) for (const id of missing.slice(-CAUGHT)) await bring(this.base, id);
    showCount(this.places.open);
  }

  async #move(id, anchor) {
    const answer = await this.#post(id, "anchor", anchor);
    toast(answer?.ok ? "The comment is on these words now" : "The comment could not be moved. Try again", answer?.ok ? {} : { icon: "circle-alert", tone: "bad" });
  }

  #post(id, what, fields = {}) {
    const body = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== null).map(([name, value]) => [name, String(value)]));
    return fetch(`${this.base}/${id}/${what}`, { method: "POST", body, headers: { "HX-Request": "true", "HX-Request-Type": "partial" } }).catch(() => null);
  }
}
