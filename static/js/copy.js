// Copy buttons: data-copy names the element whose text (or value) goes to the clipboard.
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const text = source.value ?? source.textContent;
  const said = button.querySelector(".said") ?? button;
  said.dataset.before ??= said.textContent;
  said.textContent = (await write(text, source)) ? "Copied" : "Press Ctrl C";
  setTimeout(() => (said.textContent = said.dataset.before), 2000);
});

async function write(text, source) {
  try {
    await navigator.clipboard.writeText(text.trim());
    return true;
  } catch {
    // Not a secure context (plain http on a LAN): select it for the reader's own key press.
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
    return false;
  }
}
