// A form with data-confirm asks first: the words come from the form, the answer from the dialog.
const dialog = document.getElementById("confirm");
const allowed = new WeakSet();

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!dialog || !form.dataset.confirm || allowed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(form, event.submitter);
  },
  true,
);

function ask(form, submitter) {
  document.getElementById("confirm-title").textContent = form.dataset.confirm;
  document.getElementById("confirm-text").textContent = form.dataset.confirmText ?? "";
  document.getElementById("confirm-verb").textContent = form.dataset.confirmVerb ?? "Confirm";
  document.getElementById("confirm-verb").classList.toggle("danger", form.dataset.confirmTone !== "primary");
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => dialog.returnValue === "yes" && send(form, submitter), {
    once: true,
  });
  dialog.showModal();
}

function send(form, submitter) {
  allowed.add(form);
  form.requestSubmit(submitter);
}
