// The timeline: Shift-click compares from that version; and lines that did not change unfold.
document.addEventListener(
  "click",
  (event) => {
    const entry = event.target.closest?.("[data-from]");
    if (!entry || !event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    location.assign(entry.dataset.from);
  },
  true,
);

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-unfold]");
  if (!button) return;
  const lines = document.getElementById(button.dataset.unfold);
  lines.hidden = !lines.hidden;
  button.setAttribute("aria-expanded", String(!lines.hidden));
});
