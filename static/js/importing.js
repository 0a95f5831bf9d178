// Files dropped on the page of imports, and what was chosen; without this the form works the same.
const drop = document.querySelector("[data-drop]");
const input = drop?.querySelector("input[type=file]");
const names = drop?.querySelector("[data-names]");

function tell() {
  const chosen = [...input.files];
  // One is named by the input itself.
  const lines = chosen.length > 1 ? chosen.slice(0, 8).map((file) => file.name) : [];
  if (chosen.length > 8) lines.push(`and ${chosen.length - 8} more`);
  names.replaceChildren(
    ...lines.map((text) => {
      const line = document.createElement("li");
      line.textContent = text;
      return line;
    }),
  );
}

if (input) {
  input.addEventListener("change", tell);
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    tell();
  });
  input.form.addEventListener("submit", () => {
    const button = input.form.querySelector("[data-send]");
    button.setAttribute("aria-disabled", "true");
    button.textContent = "Reading…";
  });
  // Coming back shows the page as it was left.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}
