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

// What has just been done can be undone from a toast; a reload does not offer it again.
const done = document.querySelector("[data-as-toast]");
if (done) {
  document.getElementById("toasts")?.append(done);
  const address = new URL(location.href);
  address.searchParams.delete("moved");
  history.replaceState(history.state, "", address);
}
