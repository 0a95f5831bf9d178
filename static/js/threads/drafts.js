/* What somebody has typed and not sent yet, kept in this browser: for each person, prompt and thread. It survives reloads,
   redrawn fragments and requests that fail, and leaves with the person (../editor/copies.js). */

import { UNSENT } from "../editor/copies.js";

const LONGEST = 10_000;

const keyOf = (field) => `${UNSENT}${field.dataset.draft}`;

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? null;
  } catch {
    return null;
  }
}

function write(key, value) {
  try {
    if (value) localStorage.setItem(key, JSON.stringify(value));
    else localStorage.removeItem(key);
  } catch {
    // this browser keeps nothing: the text is on the screen
  }
}

export const draftOf = (field) => read(keyOf(field));

/* crypto.randomUUID is not there on plain http. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/* With the id that the comment gets: sent twice, it is written once. Other words are another comment.
   `more`: people named in it, by what stands in the text ({"@Priya Raman": id}), and the words that it is on. */
export function keepDraft(field, more = {}) {
  const { id = newId(), text: before, ...rest } = draftOf(field) ?? {};
  const text = field.value.slice(0, LONGEST);
  const isEmpty = !text.trim() && !(more.anchor ?? rest.anchor);
  write(keyOf(field), isEmpty ? null : { ...rest, ...more, text, id: text === before ? id : newId() });
}

export const dropDraft = (field) => write(keyOf(field), null);

/* Fields that have just come onto the page get back what was in them. */
export function restoreDrafts(root = document) {
  for (const field of root.querySelectorAll("textarea[data-draft]")) {
    const draft = draftOf(field);
    if (!draft || field.value !== field.defaultValue || field === document.activeElement) continue;
    field.value = draft.text;
    field.dispatchEvent(new CustomEvent("draft:restored", { bubbles: true, detail: draft }));
  }
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("textarea[data-draft]")) keepDraft(event.target);
});
document.addEventListener("htmx:after:swap", () => restoreDrafts());

export function forgetDraftsOf(prefix) {
  for (const key of Object.keys(localStorage)) if (key.startsWith(`${UNSENT}${prefix}`)) localStorage.removeItem(key);
}
