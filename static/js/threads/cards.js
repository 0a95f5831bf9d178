/* The cards in the rail: one is active, together with its words. Cards come and go one by one; whatever happens to them,
   nobody's caret, place or unsent text does. */

import { toast } from "../toasts.js";
import { openMenu, toClipboard } from "../editor/ui.js";
import { draftOf, restoreDrafts } from "./drafts.js";
import { fromSource, know } from "./mentions.js";

const byId = (id) => document.getElementById(id);
export const cardOf = (id) => byId(`thread-${id}`);
export const bodyOf = (id) => byId(`body-${id}`);
export const shownFilter = () => byId("threads")?.dataset.shown ?? "open";

const headers = { "HX-Request": "true", "HX-Request-Type": "partial" };
const bringing = new Map(); // id → the card under way: the answer to a form and the room's word may ask at once

/* Where what is read stands in the rail; the answer puts it there again, whatever was changed above it meanwhile. */
function holdPlace() {
  const list = byId("rail-threads-panel");
  const isReading = list && (list.scrollTop > 0 || list.contains(document.activeElement));
  const fixed = isReading ? seen(list) : null;
  const before = fixed?.getBoundingClientRect().top;
  return () => {
    if (fixed?.isConnected) list.scrollTop += fixed.getBoundingClientRect().top - before;
  };
}

export function inPlace(change) {
  const settle = held ?? holdPlace();
  change();
  settle();
}

/* Swaps of htmx overlap: all that do share the place that was there before the first. */
let held = null;
const swapping = new Set();
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (!ctx.target?.closest?.("#rail-threads-panel .thread")) return;
  held ??= holdPlace();
  swapping.add(ctx);
});
document.addEventListener("htmx:finally:swap", (event) => {
  if (!swapping.delete(event.detail.ctx)) return;
  held();
  if (!swapping.size) held = null;
});

function seen(list) {
  // A reply that comes in above the field in hand must not push it away, though the card stays.
  if (document.activeElement !== document.body && list.contains(document.activeElement)) return document.activeElement;
  const { top } = list.getBoundingClientRect();
  return [...list.querySelectorAll(".thread")].find((card) => card.getBoundingClientRect().bottom > top) ?? null;
}

/* A card comes to its place, by its number, the newest first. */
function put(card) {
  const list = byId("thread-list");
  if (!list || cardOf(card.dataset.thread)) return;
  const number = Number(card.dataset.number);
  const next = [...list.children].find((other) => !other.dataset.number || Number(other.dataset.number) < number);
  inPlace(() => list.insertBefore(card, next ?? null));
  window.htmx?.process(card);
  restoreDrafts(card);
  count();
}

/* The server draws it, so that it asks whether one may see it. Null when there is none. */
export function fetchCard(base, id) {
  if (!bringing.has(id)) {
    const asked = fetch(`${base}/${id}?card=1`, { headers }).then(async (answer) => {
      if (!answer.ok) return null;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html"); // runs no script
      const card = page.querySelector(".thread");
      return card && document.importNode(card, true);
    }).catch(() => null).finally(() => bringing.delete(id));
    bringing.set(id, asked);
  }
  return bringing.get(id);
}

export async function bring(base, id) {
  const there = cardOf(id);
  if (there) return there;
  const card = await fetchCard(base, id);
  if (card) put(card);
  return cardOf(id) ?? card;
}

export const refresh = (id) => bodyOf(id)?.dispatchEvent(new CustomEvent("refresh"));

/* Not from under somebody's hands: what has unsent text or focus stays, and says what happened. */
export function letGo(id, { always = false } = {}) {
  const card = cardOf(id);
  if (!card) return;
  const field = card.querySelector("textarea[data-draft]");
  const isHeld = card.classList.contains("active") || card.contains(document.activeElement) || (field && draftOf(field));
  if (!always && isHeld) return;
  const next = card.nextElementSibling?.querySelector("a, button");
  const hadFocus = card.contains(document.activeElement);
  inPlace(() => card.remove());
  if (hadFocus) (next ?? byId("tab-threads"))?.focus({ preventScroll: true });
  count();
}

function count() {
  document.querySelector(".thread-none")?.classList.toggle("some", Boolean(document.querySelector("#thread-list > .thread")));
}

export function showCount(open) {
  const badge = byId("thread-count");
  if (!badge || !Number.isSafeInteger(open)) return;
  badge.textContent = open ? String(open) : "";
  badge.hidden = !open;
}

export function anchorOn(card) {
  try {
    return JSON.parse((card?.matches?.(".thread-body") ? card : card?.querySelector(".thread-body")).dataset.anchor);
  } catch {
    return null;
  }
}

/* The menu of a comment; its forms are in the card for those without script. */
function openCommentMenu(button) {
  const comment = button.closest(".comment");
  const can = button.dataset.commentMenu.split(" ");
  const link = new URL(button.closest(".thread").querySelector("[data-goto]")?.href ?? button.dataset.href, location.href);
  openMenu(button, [
    ...(can.includes("edit") ? [{ label: "Edit", run: () => comment.querySelector("[data-edit]").click() }] : []),
    { label: "Copy link", run: () => toClipboard(String(link)).then(() => toast("The link is on the clipboard", { icon: "link" })) },
    ...(can.includes("delete") ? [null, { label: "Delete", run: () => comment.querySelector("form[data-confirm]").requestSubmit() }] : []),
  ], { label: "Comment" });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-comment-menu]");
  if (button) openCommentMenu(button);
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.react[open]")) if (!open.contains(event.target)) open.open = false;
});
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && event.target.closest?.("details.react[open]");
  if (!open) return;
  event.stopPropagation();
  open.open = false;
  open.querySelector("summary").focus();
});

/* A comment that is edited is not redrawn by what others do, and shows names instead of their source. */
document.addEventListener("htmx:after:swap", () => {
  for (const form of document.querySelectorAll(".comment-form.edit:not([data-ready])")) {
    form.dataset.ready = "";
    form.closest(".comment").setAttribute("hx-morph-skip", "");
    const field = form.querySelector("textarea");
    const { text, people } = fromSource(field.defaultValue);
    const kept = draftOf(field);
    field.defaultValue = text;
    field.value = kept?.text ?? text;
    know(field, people);
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }
});
/* Its own answer does redraw it. */
document.addEventListener("htmx:before:swap", (event) => {
  const from = event.detail?.ctx?.sourceElement;
  if (from?.closest?.(".comment-form.edit")) from.closest("[hx-morph-skip]")?.removeAttribute("hx-morph-skip");
});
document.addEventListener("keydown", (event) => {
  const form = event.key === "Escape" && event.target.closest?.(".comment-form.edit");
  if (form) form.querySelector("[data-cancel]").click();
});

export const undoToast = (text, run) => toast(text, { action: { text: "Undo", run } });
