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

// Lines of the newer text that somebody has commented on say so, and lead there.
document.addEventListener("htmx:after:swap", () => {
  const list = document.querySelector("[data-beside]");
  const table = document.querySelector("table.diff");
  if (!list || !table || table.querySelector(".row-comment")) return;
  const column = table.classList.contains("split") ? 2 : 1;
  const rows = new Map([...table.rows].map((row) => [row.cells[column]?.textContent.trim(), row]));
  for (const item of list.querySelectorAll("[data-line]")) {
    const cell = rows.get(item.dataset.line)?.cells[3];
    if (!cell || cell.querySelector(".row-comment")) continue;
    const mark = item.querySelector("a").cloneNode();
    mark.className = "row-comment";
    mark.setAttribute("aria-label", `Comment on line ${item.dataset.line}`);
    mark.append(list.querySelector("summary .icon").cloneNode(true));
    cell.prepend(mark);
  }
});
