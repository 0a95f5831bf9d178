/* What may be said about where a person's edits are: facts in, one honest sentence out. Pure. */

const QUIET_MS = 400; // an acknowledgement faster than this needs no "Saving…"
const LOST_MS = 10_000; // a shorter loss is a hiccup
const SAME_EDIT_MS = 1_000; // keystrokes closer than this count as one edit

export function initial({ canWrite = true, ask = null, version = null, unsent = 0 } = {}) {
  return {
    link: "opening", // opening · live · lost · ended
    lostAt: null,
    online: true,
    synced: false, // on this connection, the server and we have exchanged everything
    made: 0, // local updates, counted
    acked: 0, // of those, on the server's disk
    kept: 0, // of those, in this browser's database
    settled: unsent === 0, // nothing from an earlier visit waits for the server
    edits: unsent, // what waits, as a person would count it
    editedAt: -Infinity,
    waitingSince: null,
    device: "ok", // ok · none (no database here) · failed
    failure: null,
    ended: null,
    savedAt: null,
    canWrite,
    ask,
    version,
  };
}

const waiting = (state) => state.made > state.acked || !state.settled;

/* Clears the count when the last edit is acknowledged, starts the clock when the first one is made. */
function settle(state, now) {
  if (waiting(state)) return { ...state, waitingSince: state.waitingSince ?? now };
  return { ...state, waitingSince: null, edits: 0, savedAt: state.waitingSince === null ? state.savedAt : now };
}

const reducers = {
  made: (state, { count }, now) => settle({
    ...state,
    made: state.made + (count ?? 1),
    edits: now - state.editedAt > SAME_EDIT_MS || state.edits === 0 ? state.edits + 1 : state.edits,
    editedAt: now,
  }, now),
  kept: (state, { upto }) => ({ ...state, kept: Math.max(state.kept, upto) }),
  acked: (state, { upto }, now) =>
    settle({ ...state, acked: Math.max(state.acked, upto), settled: true, failure: null, savedAt: now }, now),
  live: (state) => ({ ...state, link: "live", lostAt: null, synced: false }),
  synced: (state) => ({ ...state, synced: true }),
  lost: (state, _event, now) => ({
    ...state, link: state.link === "ended" ? "ended" : "lost", synced: false, lostAt: state.lostAt ?? now,
  }),
  online: (state, { value }) => ({ ...state, online: value }),
  failed: (state, { text, kind }) => ({ ...state, failure: { text, kind } }),
  recovered: (state, { kind }) => (state.failure?.kind === kind ? { ...state, failure: null } : state),
  device: (state, { value, text }) => ({ ...state, device: value, deviceText: text ?? state.deviceText }),
  role: (state, { canWrite, ask }) => ({ ...state, canWrite, ask: ask ?? state.ask }),
  version: (state, { number }) => ({ ...state, version: number }),
  ended: (state, { kind, text }) => ({ ...state, link: "ended", synced: false, ended: { kind, text } }),
};

export function reduce(state, event, now) {
  return reducers[event.type](state, event, now);
}

const plural = (count) => `${count} ${count === 1 ? "edit" : "edits"}`;

/* Saved is said only here: every local update acknowledged by the server and stored on this device. */
export function isDurable(state) {
  const onDevice = state.device !== "ok" || state.kept >= state.made;
  return state.link === "live" && state.synced && !state.failure && !waiting(state) && onDevice;
}

function notSaved(state) {
  if (state.ended) {
    const head = waiting(state) ? "Not saved" : "Stopped";
    return { state: "failed", tone: "bad", icon: "cloud-alert", text: `${head} · ${state.ended.text}`, copy: true };
  }
  const head = waiting(state) ? "Not saved" : "Cannot save now";
  return { state: "failed", tone: "bad", icon: "cloud-alert", text: `${head} · ${state.failure.text}`, copy: true };
}

function away(state, now) {
  const since = now - (state.lostAt ?? now);
  if (state.online && since < LOST_MS) {
    const tail = state.device === "ok" ? "edits kept here" : "keep this tab open";
    return { state: "reconnecting", tone: "", icon: "refresh-cw", text: `Reconnecting · ${tail}`, next: LOST_MS - since };
  }
  const count = state.edits > 0 ? plural(state.edits) : "edits";
  const tail = state.device === "ok" ? `${count} kept here` : `${count} only in this tab`;
  return { state: "offline", tone: "warn", icon: "cloud-off", text: `Offline · ${tail}` };
}

const version = (state) => (state.version ? ` · v${state.version}` : "");

function saved(state) {
  if (state.device === "failed") {
    const text = `Saved on the server${version(state)}`;
    return { state: "durable", tone: "warn", icon: "cloud-check", text, detail: ` · ${state.deviceText}` };
  }
  return {
    state: "durable", tone: "ok", icon: "cloud-check", text: `Saved${version(state)}`, detail: " · all changes durable",
  };
}

function live(state, now) {
  if (!state.canWrite && !waiting(state)) {
    const text = state.ask ? `Viewing · ask ${state.ask} to edit` : "Viewing";
    return { state: "viewing", tone: "", icon: "eye", text };
  }
  if (isDurable(state)) return saved(state);
  const since = now - (state.waitingSince ?? now);
  if (state.synced && since < QUIET_MS) return { ...saved(state), state: "saving", next: QUIET_MS - since };
  return { state: "saving", tone: "", icon: "cloud-upload", text: state.synced ? "Saving…" : "Opening…" };
}

/* What to show: state, tone, icon, text, detail (left out where there is little room), next (ms until it may change). */
export function describe(state, now) {
  const shown = state.ended || (state.failure && state.link === "live") ? notSaved(state)
    : state.link === "lost" || (!state.online && state.link !== "live") ? away(state, now)
      : state.link === "opening" ? { state: "opening", tone: "", icon: "refresh-cw", text: "Opening…" }
        : live(state, now);
  return { detail: "", copy: false, next: null, ...shown };
}

/* Closing the tab is worth a warning only while something is not acknowledged. */
export const warnsOnClose = (state) => waiting(state);

export const mayPublish = (state) => isDurable(state) && state.canWrite;
