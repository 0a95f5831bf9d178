import { Copies, PROPOSAL, purge, unsentEdits } from "/static/js/editor/copies.js";
import { Shelf } from "/static/js/editor/offline.js";
import { Signals } from "/static/js/editor/signal.js";
import { Y } from "/static/js/editor/vendor.js";
import { equal, ok, until } from "./check.js";

const PROMPT = { id: "p", title: "P" };
let rooms = 0;

/* One page load: opens the shelf, loads what is there, listens to the document. */
async function visit(room, epoch = "e1") {
  const signals = new Signals();
  const shelf = new Shelf({ user: "u", room, signals });
  const doc = new Y.Doc();
  const visitor = { shelf, doc, kept: 0, text: doc.getText("text") };
  signals.on("kept", ({ upto }) => {
    visitor.kept = upto;
  });
  visitor.copy = await shelf.open();
  if (visitor.copy) await shelf.load(doc);
  shelf.begin(doc, epoch, PROMPT);
  let made = 0;
  doc.on("update", (update, origin) => {
    if (origin !== "copy") shelf.add(update, { upto: ++made, unsent: made });
  });
  return visitor;
}

const rowsOf = async (room, epoch = "e1") => (await (await Copies.open()).updates(`u/${room}/${epoch}`)).keys.length;
const fresh = () => `room-${Date.now()}-${rooms++}`;

export const tests = {
  "text typed before a reload is there after it, with its count": async () => {
    const room = fresh();
    const first = await visit(room);
    first.text.insert(0, "hello");
    await until(() => first.kept === 1);
    const second = await visit(room);
    equal([second.text.toString(), second.copy.unsent, second.copy.epoch], ["hello", 1, "e1"]);
  },
  "the copy does not grow with page loads": async () => {
    const room = fresh();
    for (let load = 0; load < 12; load++) {
      const visitor = await visit(room);
      visitor.text.insert(visitor.text.length, "x");
      await until(() => visitor.kept === 1);
    }
    ok(await rowsOf(room) <= 2, `${await rowsOf(room)} rows`);
    equal((await visit(room)).text.toString(), "x".repeat(12));
  },
  "a long session is compacted as it goes": async () => {
    const room = fresh();
    const visitor = await visit(room);
    for (let edit = 0; edit < 260; edit++) {
      visitor.text.insert(0, "y");
      if (edit % 4 === 0) await until(() => visitor.kept >= edit);
    }
    await until(() => visitor.kept === 260);
    ok(await rowsOf(room) <= 201);
    equal((await visit(room)).text.length, 260);
  },
  "two tabs of one room lose nothing of each other": async () => {
    const room = fresh();
    const [one, two] = [await visit(room), await visit(room)];
    one.text.insert(0, "one");
    two.text.insert(0, "two");
    await until(() => one.kept === 1 && two.kept === 1);
    const third = (await visit(room)).text.toString();
    ok(third.includes("one") && third.includes("two"), third);
    const fourth = (await visit(room)).text.toString();
    equal(fourth, third);
  },
  "an acknowledged copy holds nothing unsent": async () => {
    const room = fresh();
    const visitor = await visit(room);
    visitor.text.insert(0, "z");
    await until(() => visitor.kept === 1);
    visitor.shelf.acknowledged();
    await until(async () => (await visit(room)).copy.unsent === 0);
  },
  "copies of two epochs are never mixed": async () => {
    const room = fresh();
    const old = await visit(room, "old");
    old.text.insert(0, "old text");
    await until(() => old.kept === 1);
    await old.shelf.forget();
    const young = await visit(room, "new");
    equal([young.copy, young.text.toString()], [null, ""]);
  },
  "signing out leaves nothing behind": async () => {
    const room = fresh();
    const visitor = await visit(room);
    visitor.text.insert(0, "secret");
    await until(() => visitor.kept === 1);
    ok(await unsentEdits() >= 1);
    localStorage.setItem(`${PROPOSAL}u:${room}`, "{}");
    await purge();
    equal([(await visit(room)).copy, await unsentEdits()], [null, 0]);
    equal(Object.keys(localStorage).filter((key) => key.startsWith(PROPOSAL)), []);
  },
};
