// Single-letter shortcuts, while no text field has focus; and ⌘ ⌥ ⇧ on Apple devices.
import { open } from "./dialogs.js";
import { foldRail } from "./rail.js";
import { foldSidebar } from "./sidebar.js";

const CHORD_MS = 1200;
let goUntil = 0;

const isApple = /mac|iphone|ipad/i.test(navigator.userAgentData?.platform ?? navigator.platform);
if (isApple) {
  const signs = { mod: "⌘", alt: "⌥", shift: "⇧" };
  for (const key of document.querySelectorAll("kbd[data-key]"))
    key.textContent = signs[key.dataset.key];
}

// In the library the button opens the form over the list; elsewhere the form has its own page.
function newPrompt() {
  const button = document.querySelector("[data-new]");
  const page = document.body.dataset.newHref;
  if (button) button.click();
  else if (page) location.assign(page);
}

const ACTIONS = {
  "?": () => open(document.getElementById("shortcuts")),
  "[": foldSidebar,
  "]": foldRail,
  "/": () => document.querySelector("[data-search]")?.focus(),
  c: newPrompt,
  g: () => (goUntil = Date.now() + CHORD_MS),
};

const isTyping = (target) =>
  target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName);

// Esc leaves a field, so that single letters act again; in a dialog or a menu it closes that.
function leaveField(target) {
  if (target.matches("input, textarea") && !target.closest("dialog, [popover]")) target.blur();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") leaveField(event.target);
  if (isTyping(event.target) || document.querySelector("dialog:modal, [popover]:popover-open:not(#toasts)"))
    return;
  const key = event.key.toLowerCase();
  const place = Date.now() < goUntil && document.querySelector(`[data-go="${CSS.escape(key)}"]`);
  const action = place ? () => place.click() : ACTIONS[key];
  if (!action) return;
  event.preventDefault();
  action();
});
