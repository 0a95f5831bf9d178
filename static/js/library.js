// The library's list when it cannot be had: it did not load, or this device is offline.
const ofList = (element) => element?.getAttribute?.("hx-target") === "#results";

function fail(status, url) {
  const box = document.getElementById("failed");
  if (!box) return;
  box.querySelector("p").textContent = `The server answered ${status}. Nothing that was written is lost.`;
  box.querySelector("[data-again]").href = url;
  box.hidden = false;
  document.getElementById("results").classList.add("without");
}

// Before the answer is put anywhere: a list that did not load says so in its own place.
document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  if (!ofList(ctx.sourceElement) || ctx.response.status < 500) return;
  event.preventDefault();
  fail(ctx.response.status, ctx.request.action);
});

document.addEventListener("click", (event) => {
  const again = event.target.closest?.("[data-again]");
  if (!again || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const url = again.getAttribute("href");
  history.replaceState(history.state, "", url); // what the search box would have done
  window.htmx.ajax("GET", url, { target: "#results", swap: "outerMorph" });
});

// Without a server, the rows that are here are searched by what they show.
document.addEventListener("htmx:error", (event) => {
  const source = event.detail?.ctx?.sourceElement;
  if (!source?.matches?.("[data-search]")) return;
  event.stopImmediatePropagation();
  document.dispatchEvent(new Event("library:unreachable"));
  const words = source.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of document.querySelectorAll("table.prompts tr[data-sum]")) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
}, true);
document.addEventListener("library:reachable", () => {
  document.querySelector("[data-search]")?.dispatchEvent(new Event("search"));
});
