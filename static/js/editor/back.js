/* The word after an absence: "Back online. 4 edits merged with changes from Kenji." */

import { toast } from "../toasts.js";

const ABSENT_MS = 10_000; // a shorter loss is not worth a word

export function welcomeBack({ session, presence, versionsUrl }) {
  const { signals } = session;
  let left = null;
  signals.on("lost", () => {
    left ??= { at: Date.now(), authors: null };
  });
  signals.on("live", () => {
    if (left) left.edits = session.state.edits;
  });
  signals.on("remote", () => {
    if (left?.edits !== undefined) left.changed = true;
  });
  signals.on("acked", () => {
    if (!left || left.edits === undefined) return;
    const gone = left;
    left = null;
    if (Date.now() - gone.at < ABSENT_MS && !gone.offline) return;
    setTimeout(() => say(gone), 600); // presence arrives a moment after the text
  });
  addEventListener("offline", () => {
    left = { ...(left ?? { at: Date.now() }), offline: true };
  });

  function say({ edits, changed }) {
    if (!edits) {
      toast(changed ? "Back online. The text is up to date" : "Back online", { icon: "cloud-check" });
      return;
    }
    const names = [...new Set(presence.peers().map((peer) => peer.user.name.split(" ")[0]))];
    const others = changed ? ` with changes from ${names.length ? new Intl.ListFormat("en").format(names.slice(0, 3)) : "others"}` : "";
    const action = versionsUrl ? { text: "See", run: () => location.assign(`${versionsUrl}?to=draft`) } : null;
    toast(`Back online. ${edits} ${edits === 1 ? "edit" : "edits"} merged${others}`, { icon: "git-merge", action });
  }
}
