// <dialog>: opened by a button, or by a fragment that htmx put into the sheet.
import { raise, toast } from "./toasts.js";

const sheet = document.getElementById("sheet");

export function open(dialog) {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  raise();
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector("input, textarea, select"))?.focus();
}

document.addEventListener(
  "click",
  (event) => {
    const off = event.target.closest?.('[aria-disabled="true"]');
    if (!off) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const reason = document.getElementById(off.getAttribute("aria-describedby"))?.textContent.trim();
    if (reason) toast(reason, { icon: "info" });
  },
  true,
);

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-open]");
  if (opener) {
    event.preventDefault();
    open(document.getElementById(opener.dataset.open));
  } else if (event.target.closest?.("[data-close]")) {
    const dialog = event.target.closest("dialog");
    if (!dialog) return;
    event.preventDefault();
    dialog.close();
  } else if (event.target.matches?.("dialog.dialog[open]")) {
    closeOnBackdrop(event.target, event);
  }
});

function closeOnBackdrop(dialog, event) {
  const box = dialog.getBoundingClientRect();
  const inside =
    event.clientX >= box.left &&
    event.clientX <= box.right &&
    event.clientY >= box.top &&
    event.clientY <= box.bottom;
  // A key press on a button inside reports (0, 0) and has no detail.
  if (!inside && event.detail > 0) dialog.close();
}

// The server's answer decides: a form to fill in opens the sheet, [data-done] closes it.
document.addEventListener("htmx:after:swap", () => {
  for (const done of document.querySelectorAll("[data-done]")) {
    const dialog = done.closest("dialog");
    done.remove();
    dialog?.close();
    if (dialog === sheet) document.getElementById("sheet-body").replaceChildren();
  }
  const body = document.getElementById("sheet-body");
  if (sheet && body?.childElementCount && !sheet.open) open(sheet);
});
sheet?.addEventListener("close", () => document.getElementById("sheet-body").replaceChildren());
for (const dialog of document.querySelectorAll("dialog[data-open-now]")) open(dialog);
