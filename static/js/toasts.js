// Short messages: those the server appends to #toasts, and toast() for other scripts.
import { icon } from "./icons.js";

const SHOWN_MS = 6000;
const WITH_ACTION_MS = 10000;
const region = document.getElementById("toasts");

/* Above a dialog that has just opened. */
export function raise() {
  if (!region?.matches(":popover-open")) return;
  region.hidePopover();
  region.showPopover();
}

export function toast(text, { icon: name = "circle-check", tone = "", action = null } = {}) {
  const box = document.createElement("div");
  box.className = `toast ${tone}`.trim();
  box.dataset.toast = "";
  const words = document.createElement("span");
  words.className = "grow";
  words.textContent = text;
  box.append(icon(name), words);
  if (action) box.append(actionButton(action, box));
  box.append(dismissButton());
  // What is tried again every few seconds and fails each time is said once.
  for (const other of region?.children ?? []) if (other.textContent === box.textContent) other.remove();
  region?.append(box);
  return box;
}

function actionButton({ text, run }, box) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn sm";
  button.textContent = text;
  button.addEventListener("click", () => {
    box.remove();
    run();
  });
  return button;
}

function dismissButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "icon-btn";
  button.dataset.dismiss = "";
  button.setAttribute("aria-label", "Dismiss");
  button.append(icon("x", 14));
  return button;
}

function letGo(box) {
  if (box.dataset.toast === "stay") return;
  const ms = box.querySelector(".btn") ? WITH_ACTION_MS : SHOWN_MS;
  setTimeout(function later() {
    if (box.matches(":hover, :focus-within")) setTimeout(later, 1000);
    else box.remove();
  }, ms);
}

if (region) {
  // A modal dialog covers everything but the top layer: the region joins it as a popover.
  region.popover = "manual";
  const watch = (records) => {
    const added = records.flatMap((record) => [...record.addedNodes]).filter((node) => node.isConnected);
    for (const node of added) if (node.matches?.(".toast")) letGo(node);
    // A proxy in front of the server answers with a page of its own.
    const strange = added.filter((node) => !node.matches?.(".toast"));
    for (const node of strange) node.remove();
    if (strange.some((node) => node.textContent.trim())) notAnswered();
    if (region.matches(":popover-open")) region.hidePopover();
    if (region.childElementCount) region.showPopover();
  };
  new MutationObserver(watch).observe(region, { childList: true });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-dismiss]")) event.target.closest(".toast, .callout")?.remove();
  });
}

function notAnswered() {
  const text = navigator.onLine ? "The server did not answer. Try again." : "You are offline.";
  toast(text, { icon: "cloud-off", tone: "bad" });
}

document.addEventListener("htmx:error", (event) => {
  if (event.detail?.ctx?.sourceElement?.matches?.("[data-hint]")) return; // nobody asked for it
  notAnswered();
});
