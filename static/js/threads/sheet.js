/* Phones: one thread in a sheet under the text, 45% high or 90%, with arrows and Resolve. */

const byId = (id) => document.getElementById(id);
export const isPhone = () => matchMedia("(max-width: 900px)").matches;
const rail = () => byId("rail");

export function openSheet() {
  if (!isPhone()) return;
  rail().classList.add("up", "one-thread");
  document.body.classList.add("sheet-open"); // the text gets room to scroll above it
}

export function closeSheet() {
  rail().classList.remove("one-thread", "tall", "up");
  document.body.classList.remove("sheet-open");
}

/* One thread in the sheet, as opposed to the list of them. */
export const isSheetOpen = () => rail()?.classList.contains("one-thread") ?? false;

/* "Comment 1 of 3" */
export function sayPlace(at, of, { canResolve }) {
  const place = byId("sheet-place");
  if (!place) return;
  const words = at ? `Comment ${at} of ${of}` : "Comment";
  if (place.textContent !== words) place.textContent = words;
  const button = document.querySelector("[data-sheet-resolve]");
  if (button) button.hidden = !canResolve;
}

function grow(isTall = !rail().classList.contains("tall")) {
  rail().classList.toggle("tall", isTall);
  document.querySelector("[data-sheet-grow]").setAttribute("aria-expanded", String(isTall));
}

const DRAG = 24; // px up or down that mean it

export function wireSheet({ step, resolve, close }) {
  let from = null;
  document.addEventListener("click", (event) => {
    const on = (name) => event.target.closest?.(`[data-${name}]`);
    if (on("sheet-grow") && from === null) grow();
    else if (on("step")) step(Number(on("step").dataset.step));
    else if (on("sheet-resolve")) resolve();
    else if (on("sheet-close")) close();
  });
  document.addEventListener("pointerdown", (event) => {
    from = event.target.closest?.("[data-sheet-grow]") ? event.clientY : null;
  });
  document.addEventListener("pointerup", (event) => {
    if (from === null) return;
    const by = event.clientY - from;
    from = null;
    if (Math.abs(by) < DRAG) return; // a click follows
    if (by > 0 && !rail().classList.contains("tall")) close();
    else grow(by < 0);
    from = undefined; // the click that follows is no press
    setTimeout(() => {
      from = null;
    }, 0);
  });
  // Writing needs room: the keyboard takes half of it.
  document.addEventListener("focusin", (event) => isSheetOpen() && event.target.matches?.("#rail textarea") && grow(true));
}
