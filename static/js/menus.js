// Popover menus: placed beside their button, arrow keys as the ARIA practices describe.
const GAP = 4;

function place(menu, button) {
  const from = button.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const below = from.bottom + GAP + size.height <= innerHeight;
  const top = below ? from.bottom + GAP : Math.max(GAP, from.top - GAP - size.height);
  const left = from.left + size.width <= innerWidth - 8 ? from.left : from.right - size.width;
  menu.style.margin = "0";
  menu.style.inset = `${top}px auto auto ${Math.max(8, left)}px`;
}

const items = (menu) => [...menu.querySelectorAll('[role^="menuitem"]')].filter((i) => i.offsetParent);

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!menu.matches?.(".menu-panel")) return;
    const button = document.querySelector(`[popovertarget="${menu.id}"]:not([hidden])`);
    const isOpen = event.newState === "open";
    button?.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) return;
    if (button) place(menu, opener ?? button);
    if (menu.contains(document.activeElement)) return; // whoever opened it was faster, and keys may have moved on
    (items(menu)[0] ?? menu.querySelector("input:enabled:not([type=hidden])"))?.focus();
  },
  true,
);

let opener = null;
document.addEventListener(
  "click",
  (event) => {
    const button = event.target.closest?.("[popovertarget]");
    if (button) opener = button;
    const item = event.target.closest?.('.menu-panel [role^="menuitem"]');
    if (item) item.closest(".menu-panel").hidePopover();
  },
  true,
);

const STEPS = { ArrowDown: 1, ArrowUp: -1 };
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.('.menu-panel[role="menu"]');
  if (!menu) return;
  const all = items(menu);
  const at = all.indexOf(document.activeElement);
  let next = null;
  if (event.key in STEPS) next = all.at((at + STEPS[event.key]) % all.length);
  else if (event.key === "Home") next = all[0];
  else if (event.key === "End") next = all.at(-1);
  else if (event.key === "Tab") menu.hidePopover();
  else if (/^\S$/.test(event.key)) {
    const key = event.key.toLowerCase();
    const turn = [...all.slice(at + 1), ...all.slice(0, at + 1)];
    next = turn.find((item) => item.textContent.trim().toLowerCase().startsWith(key));
  }
  if (!next) return;
  event.preventDefault();
  event.stopPropagation();
  next.focus();
});
