/* Keys that belong to the editor page; single letters and `?` are the shell's (../keys.js). */

import { toast } from "../toasts.js";
import { closeSearchPanel, openSearchPanel } from "./vendor.js";
import { toggleBold } from "./format.js";
import { closeBubble, openReferenceAtCaret } from "./references.js";
import { openMenuAtCaret } from "./roles.js";
import { isDurable } from "./savestate.js";
import { isTextField } from "./ui.js";
import { declareAtCaret } from "./variables.js";

const TWICE_MS = 4_000;

/* Inside the text. Tab is not bound: it leaves the editor. */
export const textKeys = (follow) => [
  { key: "Mod-b", run: toggleBold },
  { key: "Mod-.", run: (view) => declareAtCaret(view) || openReferenceAtCaret(view) },
  { key: "Mod-Alt-Enter", run: openMenuAtCaret },
  { key: "Escape", run: (view) => closeBubble(view) || follow.stop() || closeSearchPanel(view) || leave(view) },
];

function leave(view) {
  view.contentDOM.blur();
  return true;
}

function sayWhetherSaved(session) {
  if (isDurable(session.state)) toast("Already saved. Press again to publish", { icon: "cloud-check" });
  else toast(session.shown().text, { icon: session.shown().icon });
}

/* Anywhere on the page. */
export function pageKeys({ session, view, follow, people, publish, urls }) {
  let askedAt = -Infinity;
  const actions = {
    s: () => {
      const again = performance.now() - askedAt < TWICE_MS;
      askedAt = again ? -Infinity : performance.now();
      if (again) publish?.click();
      else sayWhetherSaved(session);
    },
    f: () => {
      openSearchPanel(view);
    },
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    const mod = event.metaKey || event.ctrlKey;
    const key = event.key.toLowerCase();
    if (mod && event.shiftKey && key === "h") location.assign(urls.versions);
    else if (mod && !event.shiftKey && !event.altKey && actions[key] && !isModal()) actions[key]();
    else if (key === "escape" && follow.stop()) return;
    else if (key === "f" && !mod && !event.altKey && !isTextField(event.target) && !isModal()) people.openList();
    else return;
    event.preventDefault();
  });
}

const isModal = () => Boolean(document.querySelector("dialog:modal"));
