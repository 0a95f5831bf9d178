// Back to the form, from a page that says why it was refused.
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-back]")) history.back();
});
