/* Text that could not be merged (another epoch, or a role that may no longer write) comes back as a proposed change. */

import { PROPOSAL } from "./copies.js";
import { replacement } from "./texts.js";
import { callout, toClipboard } from "./ui.js";

const key = (boot) => `${PROPOSAL}${boot.user.id}:${boot.room.id}`;

/* Throws when this browser cannot keep it: the caller must then leave the text on the screen. */
export function keepProposal(boot, { text, reason, edits }) {
  localStorage.setItem(key(boot), JSON.stringify({ text, reason, edits, at: Date.now() }));
}

export function readProposal(boot) {
  try {
    return JSON.parse(localStorage.getItem(key(boot)));
  } catch {
    return null;
  }
}

const SENTENCES = {
  epoch: "This prompt was started anew while you were away, so your unsent edits were not mixed in.",
  refused: "The server could not accept your last edits.",
  readonly: "You can no longer edit this prompt, so your unsent edits were not sent.",
};

/* Shows the kept text above the editor: copy it, put it in (one undoable edit), or let it go. */
export function offerProposal({ boot, host, view, canWrite, toast }) {
  const kept = readProposal(boot);
  if (!kept) return;
  if (kept.text === view.state.doc.toString()) {
    localStorage.removeItem(key(boot));
    return;
  }
  const box = callout({ tone: "warn", icon: "triangle-alert", title: "Your text is kept as a proposed change", text: SENTENCES[kept.reason] });
  const forget = () => {
    localStorage.removeItem(key(boot));
    box.remove();
    view.focus();
  };
  box.action("Copy text", async () => {
    await toClipboard(kept.text);
    toast("Your text is on the clipboard");
  });
  if (canWrite()) {
    box.action("Use my text", () => {
      const change = replacement(view.state.doc.toString(), kept.text);
      view.dispatch({ changes: change, selection: { anchor: change.from }, scrollIntoView: true, userEvent: "input.proposal" });
      toast("Your text is in the prompt. Undo takes it out again");
      forget();
    });
  }
  box.action("Discard", forget);
  host.before(box.element);
}
