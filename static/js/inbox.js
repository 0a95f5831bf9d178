// The inbox: E marks the row in hand, M mutes it; opening one marks it as read. Forms do the rest.
const ROW = ".notice";
let at = -1; // the row in hand, for when its place is drawn anew

const rows = () => [...document.querySelectorAll(ROW)];
const rowOf = (element) => element?.closest?.(ROW);

document.addEventListener("focusin", (event) => {
  const row = rowOf(event.target);
  at = row ? rows().indexOf(row) : -1;
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const selector = { e: "[data-mark]", m: "[data-mute]" }[event.key.toLowerCase()];
  const button = selector && rowOf(document.activeElement)?.querySelector(selector);
  if (!button) return;
  event.preventDefault();
  button.form.requestSubmit(button);
});

// The row that was in hand may be gone: its place is the next one's then.
document.addEventListener("htmx:after:swap", () => {
  if (at < 0 || document.activeElement !== document.body) return;
  const left = rows();
  left[Math.min(at, left.length - 1)]?.querySelector("[data-row]").focus({ preventScroll: true });
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-reads]");
  const form = link && rowOf(link).querySelector("[data-mark]")?.form;
  if (form?.elements.as.value !== "read") return;
  // It goes on when the page is left.
  fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), keepalive: true });
});
