/* Sending a comment: ⌘↵, greyed while it is on its way, with Retry when it did not arrive. What was typed stays until the
   server has it, and an id of its own makes sure that it is there once, however often it is sent. */

import { element } from "../editor/ui.js";
import { draftOf, dropDraft, keepDraft, restoreDrafts } from "./drafts.js";
import { peopleIn, toSource } from "./mentions.js";

const formOf = (event) => event.detail?.ctx?.sourceElement?.closest?.("form[data-comment]");
const fieldOf = (form) => form.querySelector("textarea");

/* What travels: mentions as the server reads them, and the comment's id. */
document.addEventListener("formdata", (event) => {
  const form = event.target;
  if (!form.matches?.("form[data-comment]")) return;
  const field = fieldOf(form);
  keepDraft(field); // also what was put in without a key press
  event.formData.set("body", toSource(field.value, peopleIn(field)));
  const id = draftOf(field)?.id;
  if (id && form.dataset.comment !== "edit") event.formData.set("id", id);
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form[data-comment]");
  if (!form || event.isComposing) return;
  if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
    event.preventDefault();
    event.stopPropagation(); // elsewhere the same keys run the draft
    send(form);
  }
});

function send(form) {
  if (fieldOf(form).value.trim() && form.dataset.state !== "sending") form.requestSubmit();
}

function show(form, state) {
  form.dataset.state = state;
  fieldOf(form).readOnly = state === "sending";
  form.querySelector(".not-sent")?.remove();
  if (state !== "failed") return;
  const retry = element("button", { class: "btn sm", type: "button", click: () => send(form) }, "Retry");
  form.append(element("p", { class: "not-sent error", role: "alert" }, element("span", { text: "Not sent. It is kept here." }), retry));
}

document.addEventListener("htmx:before:request", (event) => {
  const form = formOf(event);
  if (!form) return;
  show(form, "sending");
});
document.addEventListener("htmx:after:request", (event) => {
  const form = formOf(event);
  if (!form) return;
  const { status } = event.detail.ctx.response;
  if (status >= 400) return show(form, "failed");
  const field = fieldOf(form);
  dropDraft(field);
  if (form.dataset.comment !== "edit") form.reset();
  show(form, "");
  field.dispatchEvent(new CustomEvent("comment:sent", { bubbles: true, detail: { kind: form.dataset.comment } }));
});
document.addEventListener("htmx:error", (event) => {
  const form = formOf(event);
  if (form) show(form, "failed");
});

restoreDrafts();
