/* The toolbar that phones get above the keyboard. */

import { insertVariable, toggleHeading, toggleList } from "./format.js";
import { redo, redoDepth, undo, undoDepth } from "./vendor.js";

const COMMANDS = {
  variable: insertVariable,
  heading: toggleHeading,
  list: toggleList,
  undo: (view) => undo(view),
  redo: (view) => redo(view),
};

export function toolbar({ bar, view, session }) {
  if (!bar) return;
  const buttons = [...bar.querySelectorAll("[data-command]")];
  for (const button of buttons) {
    const run = COMMANDS[button.dataset.command];
    if (!run) continue;
    button.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the keyboard up
    button.addEventListener("click", () => session.canWrite && run(view));
  }
  const refresh = () => {
    const can = { undo: undoDepth(view.state) > 0, redo: redoDepth(view.state) > 0 };
    for (const button of buttons) {
      const able = session.canWrite && (can[button.dataset.command] ?? true);
      button.setAttribute("aria-disabled", String(!able));
    }
  };
  for (const name of ["made", "role", "remote"]) session.signals.on(name, () => setTimeout(refresh, 0));
  refresh();
  keepAboveKeyboard(bar);
}

/* Safari does not shrink the page for its keyboard; the visual viewport knows how much it covers. */
function keepAboveKeyboard(bar) {
  const viewport = window.visualViewport;
  if (!viewport) return;
  const lift = () => {
    const covered = Math.max(0, window.innerHeight - viewport.height - viewport.offsetTop);
    bar.style.setProperty("--keyboard", `${covered}px`);
  };
  viewport.addEventListener("resize", lift);
  viewport.addEventListener("scroll", lift);
}
