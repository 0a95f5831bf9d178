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
