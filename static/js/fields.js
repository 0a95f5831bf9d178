// Settings saved field by field: what somebody else saved is fetched, unless it is being edited.
const openDetails = new Set();

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
  target.dispatchEvent(new CustomEvent("refresh"));
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

// The variables that the text uses but nobody declared: one click declares each.
document.body.addEventListener("variables:used", (event) => {
  const box = document.getElementById("undeclared");
  if (!box) return;
  const names = event.detail?.undeclared ?? [];
  box.hidden = names.length === 0;
  const list = box.querySelector("ul");
  list.replaceChildren(
    ...names.slice(0, 12).map((name) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "submit";
      button.name = "name";
      button.value = name;
      button.className = "chip warn";
      button.textContent = name;
      button.setAttribute("aria-label", `Declare ${name}`);
      item.append(button);
      return item;
    }),
  );
});

// Titles are one line: Enter leaves them, and saves.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches?.("[data-one-line]")) return;
  event.preventDefault();
  event.target.blur();
});

// What is being edited is not redrawn under the writer's hands by somebody else's change.
document.addEventListener("htmx:before:request", (event) => {
  const source = event.detail?.ctx?.sourceElement;
  if (!source?.matches?.("[data-quiet-while-editing]")) return;
  if (isEditing(source)) event.preventDefault();
});
