// The command palette: ⌘K opens it at once, each letter asks the server, arrows and Enter choose.
// The text field keeps the focus throughout; the list says by aria-activedescendant which one it is.
import { toast } from "./toasts.js";

const dialog = document.getElementById("palette");
const input = document.getElementById("palette-q");
const list = document.getElementById("palette-list");
const status = document.getElementById("palette-status");
const WAIT_MS = 40; // letters that follow one another faster are asked about together

let timer = 0;
let asking = null;

const offers = () => [...list.querySelectorAll('[role="option"]')];
const chosen = () => list.querySelector('[aria-selected="true"]');

function choose(offer) {
  chosen()?.setAttribute("aria-selected", "false");
  if (!offer) return input.removeAttribute("aria-activedescendant");
  offer.setAttribute("aria-selected", "true");
  input.setAttribute("aria-activedescendant", offer.id);
  offer.scrollIntoView({ block: "nearest" });
}

// An answer that is overtaken by the next letter is not shown.
async function ask() {
  asking?.abort();
  const mine = (asking = new AbortController());
  try {
    const url = `${dialog.dataset.source}?${new URLSearchParams({ q: input.value.trim() })}`;
    const answer = await fetch(url, { signal: mine.signal, headers: { "HX-Request": "true" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const html = await answer.text();
    if (mine.signal.aborted) return;
    show(html);
  } catch (error) {
    if (error.name === "AbortError") return;
    status.textContent = navigator.onLine ? "The server did not answer." : "You are offline.";
    list.replaceChildren();
    choose(null);
  }
}

function show(html) {
  const page = new DOMParser().parseFromString(html, "text/html"); // runs no script, and is ours
  list.replaceChildren(...page.body.childNodes);
  const { count, ms } = document.getElementById("palette-count").dataset;
  status.textContent = `${count} ${count === "1" ? "result" : "results"}, ${ms} ms`;
  choose(offers()[0] ?? null);
}

function open() {
  if (dialog.open) return;
  input.value = "";
  list.replaceChildren();
  status.textContent = "";
  dialog.showModal();
  input.focus();
  ask();
}

function go(offer, inNewTab) {
  if (!offer) return;
  const { href } = offer.dataset;
  dialog.close();
  if (inNewTab) {
    if (!window.open(href, "_blank")) toast("The browser did not open a new tab.", { icon: "info" });
  } else location.assign(href);
}

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

function onKey(event) {
  const all = offers();
  const at = all.indexOf(chosen());
  if (event.key in STEPS && all.length) choose(all.at((at + STEPS[event.key]) % all.length));
  else if (event.key === "PageDown") choose(all[Math.min(at + 5, all.length - 1)]);
  else if (event.key === "PageUp") choose(all[Math.max(at - 5, 0)]);
  else if (event.key === "Enter" && !event.isComposing) go(chosen(), event.metaKey || event.ctrlKey);
  else return;
  event.preventDefault();
}

if (dialog) {
  input.addEventListener("keydown", onKey);
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
  list.addEventListener("click", (event) => {
    go(event.target.closest('[role="option"]'), event.metaKey || event.ctrlKey);
  });
  dialog.addEventListener("click", (event) => event.target === dialog && event.detail > 0 && dialog.close());
  dialog.addEventListener("close", () => asking?.abort());
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-palette]") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    open();
  });
  // Before the editor hears of it: there the same keys may mean something to the text.
  document.addEventListener(
    "keydown",
    (event) => {
      const isChord = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
      if (!isChord || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      event.stopPropagation();
      if (dialog.open) dialog.close();
      else if (!document.querySelector("dialog:modal")) open();
    },
    true,
  );
}
