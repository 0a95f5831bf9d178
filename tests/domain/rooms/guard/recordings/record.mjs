// Plays four people writing one text with real Yjs and prints what each sent, for test_yjs.py.
// Offline spells, page loads (a new client id for old work), undo, text deleted before it was
// ever sent, documents with and without gc, all kinds of Unicode.
//
//     npm install yjs@13.6.33 && node record.mjs 1 250 > yjs-13.6.33-1.json

import * as Y from "yjs";

const [seed, steps] = process.argv.slice(2).map(Number);
const words = [
  "a", "b", " ", "\n", "word ", "{{name}}", "😀", "👩‍💻", "🇫🇷", "語", "é", "e\u0301", "שלום",
  "한국", "😀😁😂", "x".repeat(50), "\ufffd",
];
let state = seed;

function random() {
  // mulberry32
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const base64 = (bytes) => Buffer.from(bytes).toString("base64");

function places(text) {
  const found = [0];
  for (const character of text) found.push(found.at(-1) + character.length);
  return found;
}

const server = new Y.Doc();
const sent = [];

function deliver(actor, update) {
  Y.applyUpdate(server, update);
  sent.push([actor, base64(update), base64(Y.encodeStateVector(server))]);
}

class Person {
  constructor(actor) {
    this.actor = actor;
    this.online = true;
    this.open(null);
  }

  open(saved) {
    this.doc = new Y.Doc({ gc: random() < 0.8 });
    this.doc.clientID = below(2 ** 32);
    this.text = this.doc.getText("text");
    if (saved) Y.applyUpdate(this.doc, saved, "load");
    this.undo = new Y.UndoManager(this.text, { captureTimeout: 0 });
    this.doc.on("update", (update, origin) => {
      if (origin !== "load" && this.online) deliver(this.actor, update);
    });
  }

  receive() {
    const update = Y.encodeStateAsUpdate(server, Y.encodeStateVector(this.doc));
    Y.applyUpdate(this.doc, update, "load");
  }

  sync() {
    deliver(this.actor, Y.encodeStateAsUpdate(this.doc, Y.encodeStateVector(server)));
    this.receive();
    this.online = true;
  }

  edit() {
    const at = places(this.text.toString());
    const chance = random();
    if (chance < 0.5 || at.length < 3) this.text.insert(pick(at), pick(words));
    else if (chance < 0.75) {
      const first = below(at.length - 1);
      const last = Math.min(at.length - 1, first + 1 + below(6));
      this.text.delete(at[first], at[last] - at[first]);
    } else if (chance < 0.82) this.undo.undo();
    else if (chance < 0.86) this.undo.redo();
    else {
      this.doc.transact(() => {
        const place = pick(at);
        const word = pick(words);
        this.text.insert(place, word);
        if (random() < 0.7) this.text.delete(place, word.length);
        if (random() < 0.5) this.text.insert(place, "Q");
      });
    }
  }
}

const people = ["user:1", "user:2", "user:3", "key:4"].map((actor) => new Person(actor));
for (let step = 0; step < steps; step++) {
  const person = pick(people);
  const chance = random();
  if (chance < 0.77) person.edit();
  else if (chance < 0.85) person.online = false;
  else if (chance < 0.96) person.sync();
  else if (chance < 0.98) person.open(Y.encodeStateAsUpdate(person.doc));
  else deliver(person.actor, Y.mergeUpdates([person.doc, server].map((doc) => Y.encodeStateAsUpdate(doc))));
  if (person.online && random() < 0.5) person.receive();
}
for (const person of [...people, ...people]) person.sync();
process.stdout.write(JSON.stringify({ text: server.getText("text").toString(), sent }) + "\n");
