import { Signals } from "/static/js/editor/signal.js";
import { Sync } from "/static/js/editor/sync.js";
import { Y } from "/static/js/editor/vendor.js";
import { BARRIER, NACK, STEP1, STEP2, SYNC, UPDATE, readBarrier, readFrame } from "/static/js/editor/wire.js";
import { equal, ok, random, until } from "./check.js";

const LIMITS = { frame: 262_144, step2: 4_194_304, text: 2_097_152 };

/* A room server in twenty lines: applies, refuses on demand, echoes barriers when told that all is on disk. */
class Server {
  constructor() {
    this.doc = new Y.Doc();
    this.refuse = null;
    this.holding = false;
    this.barriers = [];
    this.steps = [];
  }

  attach() {
    const signals = new Signals();
    const doc = new Y.Doc();
    this.client = new Sync({ doc, signals, send: (frame) => this.receive(readFrame(frame)) });
    this.text = doc.getText("text");
    this.acked = 0;
    this.refusals = [];
    signals.on("acked", ({ upto }) => {
      this.acked = upto;
    });
    signals.on("refused", (refusal) => this.refusals.push(refusal));
    return this;
  }

  open() {
    this.client.start({ limits: LIMITS, canWrite: true });
    this.client.receive({ type: SYNC, step: STEP1, payload: Y.encodeStateVector(this.doc) });
  }

  receive(frame) {
    if (frame.type === BARRIER) {
      if (this.holding) this.barriers.push(frame);
      else queueMicrotask(() => this.client.receive(frame));
    } else if (frame.step === STEP1) {
      this.client.receive({ type: SYNC, step: STEP2, payload: Y.encodeStateAsUpdate(this.doc, frame.payload) });
    } else {
      this.steps.push(frame.step);
      const news = frame.payload.length > 2;
      const nack = { type: NACK, value: { reason: this.refuse, count: 1, message: "No." } };
      if (this.refuse && news) queueMicrotask(() => this.client.receive(nack)); // after the client's next barrier left
      else Y.applyUpdate(this.doc, frame.payload);
    }
  }

  get content() {
    return this.doc.getText("text").toString();
  }
}

export const tests = {
  "edits arrive and are acknowledged by one number": async () => {
    const server = new Server().attach();
    server.open();
    for (const letter of "hello") server.text.insert(server.text.length, letter);
    await until(() => server.acked === 5);
    equal(server.content, "hello");
    server.client.stop();
  },
  "nothing is acknowledged while the server's disk is behind": async () => {
    const server = new Server().attach();
    server.open();
    await until(() => server.client.outstanding === null);
    server.holding = true;
    server.text.insert(0, "x");
    await until(() => server.barriers.length > 0);
    equal(server.acked, 0);
    server.client.receive(server.barriers[0]);
    equal(server.acked, 1);
    server.client.stop();
  },
  "a refused edit is not covered by a barrier that was already under way": async () => {
    const server = new Server().attach();
    server.open();
    await until(() => server.client.outstanding === null);
    server.holding = true;
    server.refuse = "storage";
    await new Promise((resolve) => setTimeout(resolve, 80)); // barriers keep a distance
    server.text.insert(0, "x");
    equal(server.barriers.length, 1, "a barrier left before the refusal came back;");
    await until(() => server.refusals.length === 1);
    for (const barrier of server.barriers) server.client.receive(barrier);
    equal(server.acked, 0);
    Object.assign(server, { refuse: null, holding: false });
    server.client.resync();
    await until(() => server.acked === 1);
    equal(server.content, "x");
    server.client.stop();
  },
  "edits made while refused wait and arrive with the resync": async () => {
    const server = new Server().attach();
    server.open();
    server.refuse = "rate";
    for (let at = 0; at < 20; at++) server.text.insert(at, "r");
    await until(() => server.refusals.length === 1);
    server.refuse = null;
    server.client.resync();
    await until(() => server.acked === 20);
    equal(server.content, "r".repeat(20));
    server.client.stop();
  },
  "edits made offline are offered by state vector": async () => {
    const server = new Server().attach();
    server.doc.getText("text").insert(0, "server ");
    server.text.insert(0, "client ");
    server.open();
    await until(() => server.acked === 1);
    ok(server.content.includes("client ") && server.content.includes("server "));
    equal(server.text.toString(), server.content);
    server.client.stop();
  },
  "an update larger than a frame goes as a second step": async () => {
    const server = new Server().attach();
    server.open();
    await until(() => server.client.outstanding === null);
    server.steps = [];
    server.text.insert(0, "x".repeat(300_000));
    server.text.insert(0, "y");
    await until(() => server.acked === 2);
    equal(server.steps, [STEP2, UPDATE]);
    server.client.stop();
  },
  "remote text waits while a character is composed": () => {
    const server = new Server().attach();
    server.open();
    server.client.hold();
    const other = new Y.Doc();
    other.getText("text").insert(0, "remote");
    server.client.receive({ type: SYNC, step: UPDATE, payload: Y.encodeStateAsUpdate(other) });
    equal(server.text.toString(), "");
    server.client.release();
    equal(server.text.toString(), "remote");
    server.client.stop();
  },
  "what is acknowledged is on the server, whatever is refused, held or cut": async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const next = random(seed);
      const server = new Server().attach();
      const history = [""];
      server.open();
      for (let step = 0; step < 40; step++) {
        const turn = next();
        if (turn < 0.5) {
          server.text.insert(Math.floor(next() * (server.text.length + 1)), "ab"[step % 2]);
          history.push(server.text.toString());
        } else if (turn < 0.6) server.refuse = server.refuse ? null : ["rate", "storage"][step % 2];
        else if (turn < 0.7) server.holding = !server.holding;
        else if (turn < 0.8) for (const barrier of server.barriers.splice(0)) server.client.receive(barrier);
        else if (turn < 0.9) server.client.resync();
        else {
          server.client.stop();
          server.barriers = [];
          server.open();
        }
        await new Promise((resolve) => setTimeout(resolve, next() < 0.2 ? 45 : 0));
        const missing = Y.encodeStateAsUpdate(server.client.doc, Y.encodeStateVector(server.doc));
        if (server.acked === server.client.made) equal(missing.length, 2, `seed ${seed} step ${step}: acknowledged but not there`);
      }
      Object.assign(server, { refuse: null, holding: false });
      for (const barrier of server.barriers.splice(0)) server.client.receive(barrier);
      server.client.resync();
      await until(() => server.acked === server.client.made, `seed ${seed}: never settled`);
      equal(server.content, server.text.toString(), `seed ${seed}`);
      server.client.stop();
    }
  },
  "a barrier carries its generation": () => {
    const frames = [];
    const client = new Sync({ doc: new Y.Doc(), signals: new Signals(), send: (frame) => frames.push(readFrame(frame)) });
    client.start({ limits: LIMITS, canWrite: true });
    client.receive({ type: SYNC, step: STEP1, payload: new Uint8Array([0]) });
    const barrier = frames.find(({ type }) => type === BARRIER);
    equal(readBarrier(barrier.payload), { generation: client.generation, upto: 0 });
    client.stop();
  },
};
