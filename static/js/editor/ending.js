/* When the room is closed for good: why, what happens to the text, and what to do next. */

import { copyText } from "./savebadge.js";
import { callout } from "./ui.js";

const WORDS = {
  "signed-out": ["Your session has ended", "Sign in again to go on writing. Unsaved edits stay on this device.", "Sign in"],
  removed: ["You no longer have access to this prompt", "Ask an admin of the workspace. Copy the text now if you need it.", null],
  gone: ["This prompt is no longer here", "It may have been deleted. Copy the text now if you need it.", null],
  old: ["Promptroom was updated", "Reload when you are ready. Your edits are kept.", "Reload"],
  "too-large": ["This prompt is too large", "Copy the text, shorten it elsewhere, then reload.", "Reload"],
  invalid: ["The server could not accept an edit", "Copy your text, then reload to go on from what is saved.", "Reload"],
  refused: ["This page can no longer edit the prompt", "Copy your text, then reload.", "Reload"],
};

export function showEnding({ session, host, kind }) {
  const [title, text, next] = WORDS[kind] ?? WORDS.refused;
  const box = callout({ tone: "bad", icon: "circle-alert", title, text, role: "alert" });
  box.action("Copy text", () => copyText(session));
  if (next) box.action(next, () => location.reload());
  host.before(box.element);
}
