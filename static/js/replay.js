// The time slider: plays a history step by step. Moving it by hand, or by arrow keys, is the browser's own.
const STEP_MS = 900; // long enough to see what came

const form = document.getElementById("replay");
const range = form?.elements.at;
const button = form?.querySelector("[data-play]");
let playing = null;

function go(step) {
  range.value = String(step);
  range.dispatchEvent(new Event("input", { bubbles: true }));
}

function stop() {
  clearInterval(playing);
  playing = null;
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-label", "Play");
}

function play() {
  if (range.valueAsNumber >= Number(range.max)) go(0); // from the beginning again
  button.setAttribute("aria-pressed", "true");
  button.setAttribute("aria-label", "Pause");
  playing = setInterval(() => {
    if (range.valueAsNumber >= Number(range.max)) stop();
    else go(range.valueAsNumber + 1);
  }, STEP_MS);
}

if (form) {
  button.addEventListener("click", () => (playing ? stop() : play()));
  range.addEventListener("pointerdown", () => playing && stop());
  range.addEventListener("keydown", () => playing && stop());
  // What the slider is at, for those who hear it, and in the address, for those who share it.
  document.addEventListener("htmx:after:swap", () => {
    const told = document.querySelector("[data-valuetext]")?.dataset.valuetext;
    if (!told || range.getAttribute("aria-valuetext") === told) return;
    range.setAttribute("aria-valuetext", told);
    const address = new URL(location.href);
    address.searchParams.set("at", range.value);
    history.replaceState(history.state, "", address);
  });
}
