// The editor's side panel: tabs as the ARIA practices describe, `]` folds it, a sheet on phones.
const rail = () => document.getElementById("rail");
const isSheet = () => matchMedia("(max-width: 900px)").matches;

function select(tab, focus) {
  const list = tab.closest('[role="tablist"]');
  for (const other of list.querySelectorAll('[role="tab"]')) {
    const isOn = other === tab;
    other.setAttribute("aria-selected", String(isOn));
    other.tabIndex = isOn ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !isOn;
  }
  if (focus) tab.focus();
}

export function foldRail() {
  const panel = rail();
  if (!panel) return;
  const isOn = isSheet() ? panel.classList.toggle("up") : !panel.classList.toggle("folded");
  if (!isOn) panel.dispatchEvent(new CustomEvent("rail:closed", { bubbles: true }));
  // A sheet that goes would take the focus with it.
  if (isSheet() && !isOn && panel.contains(document.activeElement)) document.querySelector('[popovertarget="more-menu"]')?.focus();
  for (const button of document.querySelectorAll("[data-rail-fold]"))
    button.setAttribute("aria-expanded", String(isOn));
  if (isSheet() && isOn) panel.querySelector('[role="tab"][aria-selected="true"]')?.focus();
}

/* For other scripts: the tab is seen, whatever the panel was doing. `sheet` = on phones it comes up as well. */
export function openRail(tabId, { sheet = true, focus = false } = {}) {
  const panel = rail();
  const isAway = isSheet() ? sheet && !panel.classList.contains("up") : panel.classList.contains("folded");
  if (isAway) foldRail();
  select(document.getElementById(tabId), focus);
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest?.('[role="tab"]');
  if (tab) select(tab, false);
  if (event.target.closest?.("[data-rail-fold]")) foldRail();
  const opener = event.target.closest?.("[data-rail-open]");
  if (!opener || !rail()) return;
  event.preventDefault();
  openRail(opener.dataset.railOpen, { focus: true });
});

// A tap beside the sheet puts it away.
document.addEventListener("pointerdown", (event) => {
  if (rail()?.matches(".up") && isSheet() && !event.target.closest?.("#rail, dialog, [popover]")) foldRail();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && rail()?.matches(".up") && rail().contains(event.target)) foldRail();
  const tab = event.target.closest?.('[role="tab"]');
  if (!tab || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const all = [...tab.closest('[role="tablist"]').querySelectorAll('[role="tab"]')];
  const by = event.key === "ArrowRight" ? 1 : -1;
  select(all.at((all.indexOf(tab) + by) % all.length), true);
});
