/* The save state beside the title, the offline banner on phones, and Publish that waits until all is saved. */

import { toast } from "../toasts.js";
import { mayPublish } from "./savestate.js";
import { announce } from "./signal.js";
import { callout, element, icon, toClipboard } from "./ui.js";

const OFFLINE = "You are offline";

/* Why Publish is off, in a sentence; null when it is on. Pure. */
export function publishReason(state, shown) {
  if (mayPublish(state)) return null;
  if (!state.canWrite) return "Your role may not publish.";
  if (shown.state === "saving" || shown.state === "opening") return "Wait until your edits are saved.";
  if (shown.state === "failed") return `Publish waits: ${shown.text}${shown.detail}.`;
  return "Publish needs a connection. Your edits are kept here.";
}

export class SaveBadge {
  constructor({ session, badge, publish, host }) {
    Object.assign(this, { session, badge, publish, host, last: "" });
    this.reason = element("span", { class: "vh", id: "publish-reason" });
    publish?.after(this.reason);
    publish?.addEventListener("click", (event) => this.#guard(event), { capture: true });
    badge.addEventListener("pointerenter", () => {
      badge.title = this.#title(); // made when asked for: formatting a time costs more than a keystroke
    });
    session.signals.on("state", (shown) => this.draw(shown));
    this.draw(session.shown());
  }

  draw(shown) {
    this.badge.dataset.state = shown.state;
    const mark = [shown.state, shown.tone, shown.icon, shown.text, shown.detail].join("|");
    this.#publish(shown);
    this.#banner(shown);
    if (mark === this.last) return;
    this.last = mark;
    const visible = shown.state === "saving" && shown.tone === "ok" ? "durable" : shown.state;
    this.badge.className = `save ${visible} ${shown.tone}`.trim();
    const detail = shown.detail ? [element("span", { class: "detail", text: shown.detail })] : [];
    this.badge.replaceChildren(icon(shown.icon), element("span", {}, shown.text, ...detail), ...this.#actions(shown));
    announce("save:state", { state: shown.state, text: shown.text + shown.detail });
  }

  #title() {
    const { savedAt, device } = this.session.state;
    if (!savedAt) return "";
    const time = new Date(savedAt).toLocaleTimeString([], { hour: "numeric", minute: "2-digit", second: "2-digit" });
    return `Stored on the server at ${time}${device === "ok" ? " and on this device" : ""}`;
  }

  #actions(shown) {
    if (!shown.copy) return [];
    return [element("button", { class: "btn sm", type: "button", text: "Copy text", click: () => copyText(this.session) })];
  }

  #publish(shown) {
    if (!this.publish) return;
    const reason = publishReason(this.session.state, shown);
    if (reason === this.why) return;
    this.why = reason;
    this.reason.textContent = reason ?? "";
    this.publish.title = reason ?? "";
    if (reason) {
      this.publish.setAttribute("aria-disabled", "true");
      this.publish.setAttribute("aria-describedby", this.reason.id);
    } else {
      this.publish.removeAttribute("aria-disabled");
      this.publish.removeAttribute("aria-describedby");
    }
  }

  #guard(event) {
    if (!this.why) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    toast(this.why, { icon: "info" });
  }

  /* Phones have no room for the words beside the title. */
  #banner(shown) {
    if (shown.state !== "offline") {
      this.banner?.remove();
      this.banner = null;
      return;
    }
    const { edits } = this.session.state;
    const count = edits ? `${edits} ${edits === 1 ? "edit is" : "edits are"}` : "Your edits are";
    const text = `Keep writing. ${count} stored on this device and merge when you are back.`;
    if (this.banner?.element.querySelector("p").textContent === text) return;
    this.banner?.remove();
    this.banner = callout({ tone: "warn", icon: "cloud-off", title: OFFLINE, text });
    this.banner.element.classList.add("offline-banner");
    this.host.append(this.banner.element);
  }
}

export async function copyText(session) {
  await toClipboard(session.plainText());
  toast("The text is on the clipboard", { icon: "copy" });
}
