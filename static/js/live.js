// The library's rows, kept as they are on the server: who is inside, what it is called, when it was
// edited. Rows change in place; none moves under the pointer.
const EVERY_MS = 1000; // an edit is in the index 0.8 s after the last key, and in a row within 2 s
const SLOWEST_MS = 30_000;

let seen = "";
let asked = ""; // what the last answer was an answer to
let pause = EVERY_MS;
let answeredAt = new Date();

const table = () => document.querySelector("table[data-live]");

function question(list) {
  const query = new URLSearchParams({ q: new URLSearchParams(location.search).get("q") ?? "" });
  for (const row of list.querySelectorAll("tr[data-sum]")) query.append("id", row.id.slice("prompt-".length));
  return `${list.dataset.live}?${query}`;
}

async function look() {
  const list = table();
  if (!list || document.hidden) return;
  const url = question(list);
  if (url !== asked) seen = "";
  asked = url;
  const answer = await fetch(`${url}&seen=${seen}`, { headers: { "HX-Request": "true" } });
  if (!answer.ok) throw new Error(String(answer.status));
  answeredAt = new Date();
  if (answer.status === 204) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html"); // runs no script
  if (asked !== question(table() ?? list)) return; // another list by now
  seen = page.querySelector("table").dataset.seen;
  for (const row of page.querySelectorAll("tr[data-sum]")) renew(row);
  document.getElementById("inside")?.replaceWith(document.importNode(page.getElementById("inside"), true));
}

function renew(row) {
  const old = document.getElementById(row.id);
  if (!old || old.dataset.sum === row.dataset.sum) return;
  const focused = old.contains(document.activeElement) && document.activeElement.matches("[data-row]");
  const box = old.querySelector("input[type=checkbox]");
  const fresh = document.importNode(row, true);
  fresh.classList.add("renewed");
  if (box?.checked) fresh.querySelector("input[type=checkbox]").checked = true;
  old.replaceWith(fresh);
  window.htmx?.process(fresh);
  if (focused) fresh.querySelector("[data-row]").focus({ preventScroll: true });
}

function tell(isStale) {
  const note = document.getElementById("stale");
  if (!note || note.hidden === !isStale) return;
  const time = answeredAt.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  note.querySelector("[data-stale-at]").textContent = time;
  note.hidden = !isStale;
  if (!isStale) document.dispatchEvent(new Event("library:reachable"));
}

document.addEventListener("library:unreachable", () => tell(true));

async function goOn() {
  try {
    await look();
    pause = EVERY_MS;
    tell(false);
  } catch {
    pause = Math.min(pause * 2, SLOWEST_MS);
    tell(true);
  }
  setTimeout(goOn, pause);
}

if (table()) setTimeout(goOn, EVERY_MS);
