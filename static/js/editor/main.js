/* Starts the live editor on a prompt's page: reads what the page says, opens the room, puts the parts in place. */

import { toast } from "../toasts.js";
import { welcomeBack } from "./back.js";
import { drawPeers } from "./carets.js";
import { Declared } from "./declaring.js";
import { createEditor, setAccess, setDeclared } from "./editor.js";
import { showEnding } from "./ending.js";
import { Follow } from "./follow.js";
import { pageKeys } from "./keyboard.js";
import { People } from "./people.js";
import { toRelative } from "./positions.js";
import { Presence } from "./presence.js";
import { Language } from "./language.js";
import { offerProposal } from "./proposal.js";
import { References } from "./references.js";
import { insertMessage } from "./roles.js";
import { SaveBadge } from "./savebadge.js";
import { Session } from "./session.js";
import { StatusBar } from "./statusbar.js";
import { Threads } from "../threads/threads.js";
import { toolbar } from "./toolbar.js";
import { element, icon } from "./ui.js";
import { Voices } from "./voices.js";

const PEEK = 40; // px below the top of what scrolls: the line people look at first

const byId = (id) => document.getElementById(id);

/* The caret as others shall see it, from the first time it was set; nothing when the person prefers that. */
function publishCaret({ view, session, presence, preferences }) {
  const { anchor, head } = view.state.selection.main;
  const cursor = preferences.show_my_cursor && view.dom.dataset.visited !== undefined
    ? { anchor: toRelative(session.text, anchor), head: toRelative(session.text, head) } : null;
  presence.set({ cursor, mode: session.canWrite ? "editing" : "viewing" });
}

/* The first visible line, for those who follow someone without a caret. */
function publishView({ view, presence, stage }) {
  const top = Math.max(0, stage.getBoundingClientRect().top + PEEK - view.documentTop);
  presence.set({ view: { line: view.state.doc.lineAt(view.lineBlockAtHeight(top).from).number } });
}

/* The server's text stays until ours stands in the same place; then it goes, and nothing jumps. */
function mount({ session, follow, voices, boot, host, parts }) {
  const view = createEditor({
    session, follow, voices, parent: host, nonce: boot.nonce,
    refuse: (reason) => toast(reason, { icon: "circle-alert", tone: "bad" }),
    onUpdate: (update) => parts.updated?.(update),
  });
  byId("editor-ssr")?.remove();
  host.dataset.live = "";
  return view;
}

function addMessageButton({ host, view, session }) {
  const button = element("button", {
    class: "btn ghost sm add-message", type: "button", click: () => insertMessage(view),
  }, icon("plus"), "Add a message");
  const refresh = () => {
    button.hidden = !session.canWrite || session.state.link === "ended";
  };
  for (const name of ["role", "stopped"]) session.signals.on(name, refresh);
  refresh();
  host.append(button);
}

/* A page that is still empty is there to be written on; a phone's keyboard would cover it. */
function beginWriting({ session, view }) {
  const isFree = document.activeElement === document.body && !document.querySelector("dialog:modal");
  if (session.canWrite && isFree && view.state.doc.length === 0 && matchMedia("(pointer: fine)").matches) view.focus();
}

function listen({ session, host, view }) {
  session.signals.on("role", ({ canWrite }) => setAccess(view, canWrite));
  session.signals.on("notice", (text) => toast(text, { icon: "info" }));
  session.signals.on("event", ({ type, data, by }) => {
    if (type === "version.restored" && by?.id !== session.hello?.user.id) toast(`${by?.name ?? "Someone"} restored v${data.number}. Your edits are kept`, { icon: "history" });
  });
  session.signals.on("stopped", ({ kind }) => {
    setAccess(view, false);
    showEnding({ session, host, kind });
  });
}

async function start(boot) {
  const host = byId("editor");
  const stage = host.closest(".pane") ?? byId("stage"); // what scrolls, and gets the frame while following
  const session = new Session(boot);
  const badge = new SaveBadge({ session, badge: byId("save-state"), publish: byId("publish-button"), host });
  const unmounted = session.signals.on("stopped", ({ kind }) => showEnding({ session, host, kind }));
  const presence = new Presence({ session, preferences: boot.preferences });
  const notify = (text) => toast(text, { icon: "info" });
  const follow = new Follow({ stage, pill: byId("follow-pill"), session, presence, notify });
  const people = new People({ host: byId("people"), session, presence, follow });
  const parts = {};
  welcomeBack({ session, presence, versionsUrl: boot.urls.versions });
  if (!(await session.open())) return;

  unmounted();
  const voices = new Voices({ session, presence, url: boot.urls.voices, tell: () => status?.line(view.state, voices) });
  const view = mount({ session, follow, voices, boot, host, parts });
  follow.attach(view);
  const declare = (...names) => declared.declare(...names);
  const declared = new Declared({
    boot, session,
    changed: () => tell(),
  });
  const language = new Language({ session, changed: () => tell() });
  const usedNow = () => (language.isJinja ? language.used : undefined);
  const status = new StatusBar({ bar: byId("statusbar"), session, declaredNow: () => declared.list, usedNow, declare });
  const tell = () => {
    setDeclared(view, { list: declared.list, declare, jinja: language.isJinja ? { used: language.used } : null });
    status.count();
  };
  language.start();
  listen({ session, host, view });
  addMessageButton({ host, view, session });
  new References({ view, session, url: boot.urls.composition });
  toolbar({ bar: byId("editor-toolbar"), view, session });
  pageKeys({ session, view, follow, people, publish: byId("publish-button"), urls: boot.urls });
  drawPeers(view, presence, { show: boot.preferences.show_others });
  offerProposal({ boot, host, view, canWrite: () => session.canWrite, toast });

  const caret = () => publishCaret({ view, session, presence, preferences: boot.preferences });
  parts.updated = (update) => {
    if (update.view.hasFocus) update.view.dom.dataset.visited = "";
    if (update.selectionSet || update.focusChanged || update.docChanged) caret();
    if (update.selectionSet || update.docChanged) status.line(update.state, voices);
    threads.updated(update);
  };
  document.addEventListener("scroll", () => publishView({ view, presence, stage }), { capture: true, passive: true });
  const threads = new Threads({ session, view, boot });
  status.line(view.state, voices);
  voices.attach(view, byId("voices-button"));
  caret();
  badge.draw(session.shown());
  people.render();
  beginWriting({ session, view });
  // What browser tests and the console may ask; nothing on the page uses it.
  host.room = { view, session, presence, threads };
}

const boot = byId("editor-boot");
if (boot) start(JSON.parse(boot.textContent));
