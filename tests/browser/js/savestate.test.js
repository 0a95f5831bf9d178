import { describe, initial, isDurable, mayPublish, reduce, warnsOnClose } from "/static/js/editor/savestate.js";
import { equal, ok, random } from "./check.js";

const after = (events, start = initial({ version: 12 })) => events.reduce((state, [event, at]) => reduce(state, event, at ?? 0), start);
const live = [[{ type: "live" }], [{ type: "synced" }], [{ type: "acked", upto: 0 }]];
const said = (events, now) => describe(after(events), now).text;

export const tests = {
  "says Saved with the published version once everything is acknowledged and kept": () => {
    const shown = describe(after(live), 0);
    equal([shown.state, shown.text + shown.detail], ["durable", "Saved · v12 · all changes durable"]);
  },
  "does not say Saved before the first exchange": () => {
    equal(describe(initial(), 0).state, "opening");
    equal(describe(after(live.slice(0, 1)), 500).text, "Opening…");
    ok(!isDurable(after(live.slice(0, 1))));
  },
  "is saving at once, and says so after 400 ms": () => {
    const state = after([...live, [{ type: "made" }, 1000]]);
    equal(describe(state, 1010).state, "saving");
    equal(describe(state, 1010).next, 390);
    equal(describe(state, 1401).text, "Saving…");
  },
  "an acknowledgement that covers less than all is not enough": () => {
    const state = after([...live, [{ type: "made" }], [{ type: "made" }], [{ type: "kept", upto: 2 }], [{ type: "acked", upto: 1 }]]);
    ok(!isDurable(state));
    ok(isDurable(reduce(state, { type: "acked", upto: 2 }, 5)));
  },
  "the server alone is not enough while this device has not stored the edit": () => {
    const state = after([...live, [{ type: "made" }], [{ type: "acked", upto: 1 }]]);
    ok(!isDurable(state));
    ok(isDurable(reduce(state, { type: "kept", upto: 1 }, 5)));
  },
  "a lost connection is Reconnecting for ten seconds, then Offline with a count": () => {
    const events = [...live, [{ type: "made" }, 0], [{ type: "made" }, 100], [{ type: "made" }, 5000], [{ type: "lost" }, 6000]];
    equal(said(events, 6100), "Reconnecting · edits kept here");
    equal(said(events, 16001), "Offline · 2 edits kept here");
    equal(describe(after(events), 16001).tone, "warn");
  },
  "the browser saying offline is believed at once, unless the room is live": () => {
    const off = [...live, [{ type: "online", value: false }]];
    equal(describe(after(off), 0).state, "durable");
    equal(describe(after([...off, [{ type: "lost" }]]), 1).state, "offline");
  },
  "storage trouble says the true cause and only claims unsaved edits when there are any": () => {
    const trouble = [...live, [{ type: "failed", kind: "storage", text: "storage is full" }]];
    equal(said(trouble, 0), "Cannot save now · storage is full");
    equal(said([...trouble, [{ type: "made" }]], 0), "Not saved · storage is full");
    equal(describe(after([...trouble, [{ type: "recovered", kind: "storage" }]]), 0).state, "durable");
  },
  "a viewer is told whom to ask": () => {
    const viewer = after(live, initial({ canWrite: false, ask: "Priya" }));
    equal(describe(viewer, 0).text, "Viewing · ask Priya to edit");
    ok(!mayPublish(viewer));
  },
  "unsent edits of an earlier visit keep it from saying Saved until they are acknowledged": () => {
    const state = after(live.slice(0, 2), initial({ unsent: 3 }));
    ok(!isDurable(state) && warnsOnClose(state));
    const done = reduce(state, { type: "acked", upto: 0 }, 1);
    ok(isDurable(done) && !warnsOnClose(done));
    equal(done.edits, 0);
  },
  "a full device is told apart from an unsaved edit": () => {
    const state = after([...live, [{ type: "made" }], [{ type: "device", value: "failed", text: "this device's storage is full" }], [{ type: "acked", upto: 1 }]]);
    const shown = describe(state, 0);
    equal(shown.text + shown.detail, "Saved on the server · v12 · this device's storage is full");
    ok(!warnsOnClose(state));
  },
  "an ended room offers the text": () => {
    const state = after([...live, [{ type: "made" }], [{ type: "ended", kind: "removed", text: "you no longer have access" }]]);
    const shown = describe(state, 0);
    equal([shown.text, shown.copy], ["Not saved · you no longer have access", true]);
    equal(describe(reduce(state, { type: "lost" }, 9), 99_999).state, "failed");
  },
  "never claims durability that does not hold, whatever happens in whatever order": () => {
    for (let seed = 1; seed <= 400; seed++) {
      const next = random(seed);
      let state = initial({ version: 1 });
      let now = 0;
      for (let step = 0; step < 60; step++) {
        now += Math.floor(next() * 900);
        const acked = Math.floor(next() * (state.made + 1));
        const events = [
          { type: "made" }, { type: "made" }, { type: "kept", upto: state.made }, { type: "acked", upto: acked },
          { type: "live" }, { type: "synced" }, { type: "lost" }, { type: "online", value: next() > 0.5 },
          { type: "failed", kind: "storage", text: "x" }, { type: "recovered", kind: "storage" },
        ];
        state = reduce(state, events[Math.floor(next() * events.length)], now);
        const shown = describe(state, now);
        const everything = state.link === "live" && state.synced && state.acked >= state.made && state.kept >= state.made && !state.failure;
        if (shown.state === "durable") ok(everything, `seed ${seed} step ${step}: claimed durable`);
        if (state.acked < state.made) ok(warnsOnClose(state), `seed ${seed}: no warning`);
      }
    }
  },
};
