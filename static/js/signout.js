// Signing out removes this browser's copies of prompts; edits that no server has are asked about first.
const ACTION = "/sign-out";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.getAttribute("action") !== ACTION || form.dataset.purged !== undefined) return;
  event.preventDefault();
  const { purge, unsentEdits } = await import("./editor/copies.js");
  const unsent = await unsentEdits().catch(() => 0);
  const edits = `${unsent} ${unsent === 1 ? "edit" : "edits"}`;
  if (unsent && !confirm(`${edits} in this browser did not reach the server yet. Sign out and lose them?`)) return;
  await purge().catch(() => {}); // without a database there is nothing to remove
  form.dataset.purged = "";
  form.requestSubmit();
});
