// Lists: J, K and the arrows move between rows, Enter opens the one in hand.
const step = { j: 1, k: -1, arrowdown: 1, arrowup: -1 };

const links = () => [...document.querySelectorAll("[data-rows] a[data-row]")];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const by = step[event.key.toLowerCase()];
  if (!by || !document.querySelector("[data-rows]")) return;
  const inSearch = event.target.matches("[data-search]");
  const onPage = event.target === document.body || event.target.matches("a[data-row], #stage");
  if (!(onPage || (inSearch && event.key === "ArrowDown"))) return;
  const all = links();
  const at = all.indexOf(document.activeElement);
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  if (!next) return;
  event.preventDefault();
  if (at === 0 && by < 0 && event.key === "ArrowUp") document.querySelector("[data-search]")?.focus();
  else next.focus();
});
