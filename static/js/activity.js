// Activity: the stream listens for what happens to this prompt (events.js dispatches it). A page of
// older news stays as it is.
document.body.addEventListener(
  "activity:changed",
  (event) => {
    if (new URLSearchParams(location.search).has("cursor")) event.stopImmediatePropagation();
  },
  { capture: true },
);
