// What changes while somebody looks: how much is new in the inbox, on every page. One connection,
// held by tabs that are seen: a browser has six for all tabs of a server together. The others of the
// same browser are told by the one that knows. What an event says is never the truth: pages fetch.
const { events: source } = document.body.dataset;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const STALE_MS = 5000;

let stream = null;
let wait = FIRST_WAIT_MS;
let timer = 0;
let staleTimer = 0;
let heardAt = new Date();
const others = source && "BroadcastChannel" in window ? new BroadcastChannel(source) : null;

const dispatch = (name, detail = {}) =>
  document.body.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));

function show(count) {
  for (const box of document.querySelectorAll("[data-news]")) {
    box.hidden = count === 0;
    box.querySelector("[data-news-count]").textContent = count < 100 ? String(count) : "99+";
  }
}

function told(count) {
  show(count);
  dispatch("inbox:changed", { count });
}

function tellStale(isStale) {
  const note = document.getElementById("stale");
  if (!note || !document.querySelector("#inbox, #stream") || note.hidden === !isStale) return;
  const time = heardAt.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  note.querySelector("[data-stale-at]").textContent = time;
  note.hidden = !isStale;
}

function alive() {
  heardAt = new Date();
  wait = FIRST_WAIT_MS;
  clearTimeout(staleTimer);
  staleTimer = 0;
  tellStale(false);
}

function close() {
  clearTimeout(timer);
  stream?.close();
  stream = null;
}

function connect() {
  if (stream || document.hidden) return;
  const prompt = document.querySelector("[data-activity]")?.dataset.activity;
  stream = new EventSource(prompt ? `${source}?prompt=${prompt}` : source);
  let isFirst = true;
  stream.addEventListener("hello", alive);
  stream.addEventListener("unread", (event) => {
    alive();
    const { count } = JSON.parse(event.data);
    others?.postMessage(count);
    told(count);
    // What happened between drawing the page and listening was told to nobody here.
    if (isFirst) dispatch("activity:changed");
    isFirst = false;
  });
  stream.addEventListener("activity", () => dispatch("activity:changed"));
  stream.addEventListener("import", () => dispatch("import:changed"));
  stream.addEventListener("bye", alive);
  stream.addEventListener("gone", () => {
    close();
    hasEnded = true;
  });
  stream.addEventListener("error", lost);
}

let hasEnded = false; // signed out, or no member any more

function lost() {
  staleTimer ||= setTimeout(() => tellStale(true), STALE_MS);
  if (stream?.readyState !== EventSource.CLOSED) return; // it comes back by itself
  close();
  if (!hasEnded) timer = setTimeout(connect, wait * (0.5 + Math.random()));
  wait = Math.min(wait * 2, LONGEST_WAIT_MS);
}

if (source && "EventSource" in window) {
  others?.addEventListener("message", ({ data }) => told(Number(data) || 0));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else if (!hasEnded) connect();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", () => hasEnded || connect());
  connect();
}
