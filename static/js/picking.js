// Choosing rows of the library: X marks the row in hand, and what was done to them shows at once.
const boxes = () => [...document.querySelectorAll("[data-pick]")];

function count() {
  const note = document.querySelector("[data-picked]");
  const chosen = boxes().filter((box) => box.checked).length;
  if (note) note.textContent = chosen ? `${chosen} selected` : "";
}

document.addEventListener("change", (event) => event.target.matches?.("[data-pick]") && count());
document.addEventListener("reset", () => setTimeout(count));
document.addEventListener("htmx:after:swap", count);

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "x" || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = event.target.closest?.("tr")?.querySelector("[data-pick]");
  if (!box || !event.target.matches("[data-row]")) return;
  event.preventDefault();
  box.click();
});

// The search box asks for the list in force; its answer is a morph, so that focus stays.
document.body.addEventListener("library:changed", () => {
  for (const box of boxes()) box.checked = false;
  count();
  document.querySelector("[data-search]")?.dispatchEvent(new Event("search"));
});
