// Choosing rows of the library: X marks the row in hand, on a phone Select or a long press does;
// what was done to them shows at once.
const LONG_PRESS_MS = 500;
const boxes = () => [...document.querySelectorAll("[data-pick]")];

function count() {
  const note = document.querySelector("[data-picked]");
  const chosen = boxes().filter((box) => box.checked).length;
  if (note) note.textContent = chosen ? `${chosen} selected` : "";
}

// A phone has no room for boxes: while it selects, each row is its own box.
function select(on) {
  const list = document.querySelector(".found");
  if (!list) return;
  list.classList.toggle("selecting", on);
  for (const button of list.querySelectorAll("[data-select]")) {
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? "Done" : "Select";
  }
  if (!on) for (const box of boxes()) box.checked = false;
  count();
}

const isSelecting = () => document.querySelector(".found")?.classList.contains("selecting");

document.addEventListener("change", (event) => event.target.matches?.("[data-pick]") && count());
document.addEventListener("reset", () => setTimeout(() => (isSelecting() ? select(false) : count())));
document.addEventListener("htmx:after:swap", () => (isSelecting() ? select(true) : count()));
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-select]")) select(!isSelecting());
});

let timer = 0;
let pressed = null; // the row that a long press has chosen: its link is not to be followed
document.addEventListener("pointerdown", (event) => {
  pressed = null;
  const row = event.pointerType === "touch" && event.target.closest?.("table.prompts tr[data-sum]");
  const box = row && row.querySelector("[data-pick]");
  if (!box || isSelecting()) return;
  timer = setTimeout(() => {
    pressed = row;
    select(true);
    box.checked = true;
    count();
  }, LONG_PRESS_MS);
});
for (const kind of ["pointerup", "pointercancel", "scroll"]) {
  document.addEventListener(kind, () => clearTimeout(timer), { capture: true, passive: true });
}
document.addEventListener("contextmenu", (event) => pressed?.contains(event.target) && event.preventDefault());
document.addEventListener(
  "click",
  (event) => {
    if (!pressed?.contains(event.target)) return;
    event.preventDefault();
    event.stopPropagation();
    pressed = null;
  },
  true,
);

// Esc lets go of what is chosen; the first press in a field or a menu is that one's own.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !boxes().some((box) => box.checked)) return;
  if (event.target.matches("input:not([type=checkbox]), textarea, select")) return;
  if (document.querySelector("dialog:modal, [popover]:popover-open:not(#toasts)")) return;
  document.getElementById("bulk").reset();
});

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

// An export is a page and a download, not a change of this one: the form goes as if without htmx.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-plain]");
  if (!button?.form) return;
  event.preventDefault();
  const { action } = button.form;
  button.form.action = button.formAction;
  button.form.submit(); // says nothing of it to anybody
  button.form.action = action;
});
