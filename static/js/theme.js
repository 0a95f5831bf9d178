// Light, dark, or as the system says.
import { remember } from "./cookies.js";

document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-theme-choice]");
  if (!choice) return;
  const theme = choice.dataset.themeChoice;
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  remember("theme", theme);
  for (const other of document.querySelectorAll("[data-theme-choice]"))
    other.setAttribute("aria-checked", String(other === choice));
});
