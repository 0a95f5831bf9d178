// `[` folds the sidebar; browse and work surfaces remember their own choice.
import { remember } from "./cookies.js";

export function foldSidebar() {
  const { body } = document;
  if (!body.dataset.nav) return;
  const shownOpen = body.querySelector(".sidebar").offsetWidth > 100;
  body.dataset.nav = shownOpen ? "folded" : "open";
  body.dataset.chosen = "";
  remember(`nav_${body.dataset.surface}`, body.dataset.nav);
}

// A side panel that narrow windows hide behind a button (the library's filters). The class is on
// what holds the panel: the panel itself is redrawn by every answer.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-panel]");
  if (!button) return;
  const panel = document.getElementById(button.dataset.panel);
  const isShown = panel.classList.toggle("shown");
  button.setAttribute("aria-expanded", String(isShown));
  if (isShown) document.getElementById(button.getAttribute("aria-controls"))?.querySelector("a")?.focus();
});
