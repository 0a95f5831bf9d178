// Settings saved field by field: what somebody else saved is fetched, unless it is being edited.
const openDetails = new Set();
const SAVED_MS = 4000; // how long "Saved" stays beside a field
const savedAt = new Map(); // a field's id → when this page last sent it
const later = new Map();

document.body.addEventListener("settings:changed", (event) => {
  for (const key of event.detail?.fields ?? []) refresh(key);
});

const isEditing = (part) =>
  part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");

function refresh(key) {
  const name = key.split(".").slice(0, 2).join("-");
  const field = document.getElementById(`field-${name}`);
  // A parameter without a field of its own stands in the one for further parameters.
  const target = field ?? document.getElementById(key.startsWith("config.") ? "field-config--" : "variables");
  if (!target || isEditing(target)) return;
  // Our own change is announced to us, too: fetched at once, the answer would wipe out "Saved".
  const wait = (savedAt.get(target.id) ?? 0) + SAVED_MS - Date.now();
  clearTimeout(later.get(target.id));
  if (wait > 0) later.set(target.id, setTimeout(() => refresh(key), wait));
  else target.dispatchEvent(new CustomEvent("refresh"));
}

// A fragment that comes back keeps the details open that were open.
document.addEventListener(
  "toggle",
  (event) => {
    const { id, open } = event.target;
    if (!id || !event.target.matches?.("details[data-keep]")) return;
    if (open) openDetails.add(id);
    else if (document.contains(event.target)) openDetails.delete(id);
  },
  true,
);
document.addEventListener("htmx:after:swap", (event) => {
  for (const id of openDetails) {
    const details = document.getElementById(id);
    if (details) details.open = true;
  }
  const source = event.detail?.ctx?.sourceElement;
  if (source?.closest?.("#settings")) showSaved(source.closest('[id^="field-"]'));
});

// A morph leaves alone what was typed; what the server made of it is what is true.
function showSaved(field) {
  for (const input of field?.querySelectorAll("input:not([type=hidden]), textarea") ?? [])
    if (input !== document.activeElement) input.value = input.defaultValue;
}

// The variables that the text uses but nobody declared: one click declares each, or all of them.
const SHOWN = 12;
document.body.addEventListener("variables:used", (event) => {
  const box = document.getElementById("undeclared");
  if (!box) return;
  const names = event.detail?.undeclared ?? [];
  box.hidden = names.length === 0;
  const chips = names.slice(0, SHOWN).map((name) => chip(name, `Declare ${name}`, { type: "submit", name: "name", value: name }));
  if (names.length > 1) chips.push(allOf(names));
  box.querySelector("ul").replaceChildren(...chips);
});

function chip(text, label, attributes) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  Object.assign(button, { className: "chip warn", textContent: text, ...attributes });
  button.setAttribute("aria-label", label);
  item.append(button);
  return item;
}

// The editor declares them one after the other and says so once.
function allOf(names) {
  const item = chip(`Declare all ${names.length}`, `Declare all ${names.length}`, { type: "button", className: "btn sm" });
  item.firstChild.addEventListener("click", () => {
    document.body.dispatchEvent(new CustomEvent("variables:declare", { detail: { names } }));
  });
  return item;
}

// Titles are one line: Enter leaves them, and saves.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches?.("[data-one-line]")) return;
  event.preventDefault();
  event.target.blur();
});

document.addEventListener("htmx:before:request", (event) => {
  const field = event.detail?.ctx?.sourceElement?.closest?.('#settings form')?.closest('[id^="field-"]');
  if (field) savedAt.set(field.id, Date.now());
});

// What is being edited is not redrawn under the writer's hands by somebody else's change.
document.addEventListener("htmx:before:request", (event) => {
  const source = event.detail?.ctx?.sourceElement;
  if (!source?.matches?.("[data-quiet-while-editing]")) return;
  if (isEditing(source)) event.preventDefault();
});

// Hints come by themselves: they are asked for only when that can work.
document.addEventListener("htmx:before:request", (event) => {
  if (!navigator.onLine && event.detail?.ctx?.sourceElement?.matches?.("[data-hint]"))
    event.preventDefault();
});

// A choice that applies at once and did not: it shows again what holds.
for (const failure of ["htmx:error", "htmx:response:error"]) {
  document.addEventListener(failure, (event) => {
    const form = event.detail?.ctx?.sourceElement?.closest?.("form[hx-trigger^=change]");
    for (const one of form?.querySelectorAll("select option") ?? []) one.selected = one.defaultSelected;
  });
}
