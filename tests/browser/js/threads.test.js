import { EditorState, EditorView, Y, YSyncConfig, ySync, ySyncFacet } from "/static/js/editor/vendor.js";
import { swapWithNext } from "/static/js/editor/template.js";
import { anchorAt, findAgain, indicesOf, readPosition, spansOf } from "/static/js/threads/anchors.js";
import { piecesOf, showSpans, spansIn, threadHighlights, threadsAt } from "/static/js/threads/highlights.js";
import { COMPOSED, Places } from "/static/js/threads/places.js";
import { equal, ok, random } from "./check.js";

/* The words are Greek, what stands around them is Cyrillic, each letter once; others write `i` where it is inside of the
   words for certain, `o` where it is outside, and a dot where the letters that would tell were deleted. So the text itself
   says where the words are, without asking the code that is tested. */
const HEAD = "АБВГДЕЖЗ";
const WORDS = "αβγδεζηθικλμνξοπ";
const TAIL = "ИКЛМНОПР";

const holds = (letters, part) => [...part].some((letter) => letters.includes(letter));

function kindAt(all, at) {
  const [before, after] = [all.slice(0, at), all.slice(at)];
  if (holds(HEAD, after) || holds(TAIL, before)) return "o";
  return holds(WORDS, before) && holds(WORDS, after) ? "i" : ".";
}

/* Why this span cannot be right, "" when it can. */
function complaint(all, span) {
  const [from, to] = span === "gone" ? [0, 0] : [span.from, span.to];
  const inside = all.slice(from, to);
  const outside = all.slice(0, from) + all.slice(to);
  if (holds(`${WORDS}i`, outside)) return "words are left out";
  if (holds(`${HEAD}${TAIL}o`, inside)) return "other text is in it";
  return span !== "gone" && !inside ? "it is empty" : "";
}

const hasEdges = (all) => all.includes(WORDS[0]) && all.includes(WORDS.at(-1));

const parsed = ({ start, end }) => ({ start: readPosition(start), end: readPosition(end) });
const spanOf = (doc, anchor) => spansOf(doc.getText("text"), [parsed(anchor)])[0];

function sync(a, b) {
  Y.applyUpdate(a, Y.encodeStateAsUpdate(b, Y.encodeStateVector(a)), "remote");
  Y.applyUpdate(b, Y.encodeStateAsUpdate(a, Y.encodeStateVector(b)), "remote");
}

/* Mostly around and inside the words, as the issue asks. */
function edit(doc, next) {
  const text = doc.getText("text");
  const all = text.toString();
  const letters = all.split("").flatMap((letter, at) => (WORDS.includes(letter) ? [at] : []));
  const [first, last] = letters.length ? [letters[0], letters.at(-1)] : [0, all.length];
  const at = Math.max(0, Math.min(text.length, first - 5 + Math.floor(next() * (last - first + 10))));
  if (next() < 0.68) text.insert(at, kindAt(all, at).repeat(1 + Math.floor(next() * 3)));
  else text.delete(at, Math.min(text.length - at, 1 + Math.floor(next() * 2)));
}

function editorOn(doc) {
  const text = doc.getText("text");
  const state = EditorState.create({ doc: text.toString(), extensions: [EditorState.lineSeparator.of("\n"), ySyncFacet.of(new YSyncConfig(text, null)), ySync, threadHighlights] });
  return new EditorView({ state, parent: document.body });
}

export const tests = {
  "the words are followed through 500 random edits of three people at once, in Yjs and in the editor": () => {
    const lived = { edges: 0, words: 0 };
    for (let seed = 1; seed <= 12; seed += 1) {
      const next = random(seed);
      const docs = [0, 1, 2].map(() => new Y.Doc());
      const text = docs[0].getText("text");
      text.insert(0, HEAD + WORDS + TAIL);
      for (const doc of docs.slice(1)) sync(docs[0], doc);
      const view = editorOn(docs[0]);
      const anchor = anchorAt(text, HEAD.length, HEAD.length + WORDS.length);
      equal(anchor.quote, WORDS);
      showSpans(view, [{ id: "t", ...spanOf(docs[0], anchor) }]);
      for (let step = 0; step < 500; step += 1) {
        edit(docs[Math.floor(next() * 3)], next);
        if (next() < 0.3) sync(docs[0], docs[1 + Math.floor(next() * 2)]);
        const all = text.toString();
        const span = spanOf(docs[0], anchor);
        equal(complaint(all, span), "", `seed ${seed} step ${step}:`);
        lived.words += holds(WORDS, all) ? 1 : 0;
        if (!hasEdges(all)) continue;
        lived.edges += 1;
        equal(span, { from: all.indexOf(WORDS[0]), to: all.indexOf(WORDS.at(-1)) + 1 }, `seed ${seed} step ${step}:`);
        const [{ from, to }] = spansIn(view.state);
        equal({ from, to }, span, `the editor at seed ${seed} step ${step}:`);
      }
      for (const doc of [...docs, ...docs]) sync(docs[0], doc);
      const spans = docs.map((doc) => spanOf(doc, anchor));
      equal(spans, docs.map(() => spans[0]), `seed ${seed}: everybody sees the same;`);
      const reloaded = new Y.Doc();
      Y.applyUpdate(reloaded, Y.encodeStateAsUpdate(docs[0]));
      equal(spanOf(reloaded, anchor), spans[0], `seed ${seed} after a reload:`);
      view.destroy();
    }
    ok(lived.words > 2000 && lived.edges > 100, `the words lived through ${JSON.stringify(lived)} edits only`);
  },
  "all places in one walk are those that Yjs finds one by one": () => {
    for (let seed = 1; seed <= 6; seed += 1) {
      const next = random(seed);
      const doc = new Y.Doc();
      const text = doc.getText("text");
      const undo = new Y.UndoManager(text, { captureTimeout: 0 });
      text.insert(0, HEAD + WORDS + TAIL);
      const places = [];
      for (let step = 0; step < 120; step += 1) {
        edit(doc, next);
        if (next() < 0.2) undo.undo();
        if (next() < 0.1) undo.redo();
        const at = 1 + Math.floor(next() * (text.length - 2));
        if (text.length > 2) places.push(Y.createRelativePositionFromTypeIndex(text, at, next() < 0.5 ? 0 : -1));
      }
      const theirs = places.map((place) => Y.createAbsolutePositionFromRelativePosition(place, doc).index);
      equal(indicesOf(text, places.map(({ item, assoc }) => ({ ...item, before: assoc < 0 }))), theirs, `seed ${seed}:`);
    }
  },
  "words that were deleted are gone, and back with an undo": () => {
    const doc = new Y.Doc();
    const text = doc.getText("text");
    text.insert(0, "keep these words here");
    const undo = new Y.UndoManager(text, { captureTimeout: 0 });
    const anchor = anchorAt(text, 5, 16);
    text.delete(3, 14);
    equal(spanOf(doc, anchor), "gone");
    equal(findAgain(text.toString(), anchor), null);
    undo.undo();
    equal(spanOf(doc, anchor), { from: 5, to: 16 });
  },
  "nothing typed at either edge becomes part of the words": () => {
    const doc = new Y.Doc();
    const text = doc.getText("text");
    text.insert(0, "ab");
    const anchor = anchorAt(text, 0, 2);
    text.insert(0, "<");
    text.insert(3, ">");
    equal(spanOf(doc, anchor), { from: 1, to: 3 });
    text.insert(2, "-");
    equal(spanOf(doc, anchor), { from: 1, to: 4 });
  },
  "a message that is moved takes its words along": () => {
    const doc = new Y.Doc();
    const text = doc.getText("text");
    text.insert(0, '{{role "system"}}\nNever promise a date.\nStay kind.\n\n{{role "user"}}\nNever promise a date.\nHelp me.\n');
    const at = text.toString().indexOf("promise a date");
    const anchor = anchorAt(text, at, at + 14);
    for (const { from, to, insert } of swapWithNext(text.toString(), 0).reverse()) {
      text.delete(from, to - from);
      text.insert(from, insert);
    }
    equal(spanOf(doc, anchor), "gone");
    const found = findAgain(text.toString(), anchor);
    ok(found && found.from > text.toString().indexOf('{{role "system"}}'), "the other message says the same words");
    equal(text.toString().slice(found.from, found.to), "promise a date");
  },
  "a restored text, of another epoch or brought back letter by letter, is found by its words": () => {
    const old = new Y.Doc();
    old.getText("text").insert(0, "one two. If two rules conflict, the generous one wins. three");
    const anchor = anchorAt(old.getText("text"), 9, 30);
    const doc = new Y.Doc();
    doc.getText("text").insert(0, `New first line.\n${old.getText("text")}`);
    equal(spanOf(doc, anchor), null);
    equal(findAgain(doc.getText("text").toString(), anchor), { from: 25, to: 46 });
  },
  "other words that happen to be the same are left alone": () => {
    const all = "The end. A day is a day, and that is that.";
    equal(findAgain(all, { quote: "day", prefix: "promise the exact ", suffix: " of arrival", from: 0 }), null);
    equal(findAgain(all, { quote: "", prefix: "", suffix: "", from: 0 }), null);
    equal(findAgain("day", { quote: "day", prefix: "", suffix: "", from: 0 }), { from: 0, to: 3 });
    equal(findAgain("a x b x", { quote: "x", prefix: "", suffix: "", from: 6 }), { from: 6, to: 7 });
  },
  "positions are encoded as Yjs does, and what is none is told apart": () => {
    const doc = new Y.Doc();
    doc.clientID = 300;
    doc.getText("text").insert(0, "abc");
    const bytes = (base64) => [...atob(base64)].map((char) => char.charCodeAt(0));
    const { start, end } = anchorAt(doc.getText("text"), 1, 3);
    equal([bytes(start), bytes(end)], [[0, 0xac, 2, 1, 0], [0, 0xac, 2, 2, 0x41]]);
    equal(readPosition(end), { client: 300, clock: 2, before: true });
    for (const none of [null, "", "!", btoa("\x01\x04text\x00"), btoa("\x00\x80"), btoa("\x00\x01\x01\x00\x00")]) equal(readPosition(none), null, none);
  },
  "threads on the same words are pieces side by side": () => {
    const spans = [{ id: "a", from: 0, to: 10 }, { id: "b", from: 4, to: 6 }, { id: "c", from: 5, to: 12 }, { id: "d", from: 20, to: 30 }];
    equal(piecesOf(spans, 0, 25).map(({ from, to, ids }) => `${from}-${to} ${ids}`), ["0-4 a", "4-5 a,b", "5-6 a,b,c", "6-10 a,c", "10-12 c", "20-25 d"]);
    const doc = new Y.Doc();
    doc.getText("text").insert(0, "0123456789012345678901234567890");
    const view = editorOn(doc);
    showSpans(view, spans);
    equal(threadsAt(view.state, 5), ["b", "c", "a"]);
    equal(threadsAt(view.state, 12), []);
    equal(view.dom.querySelectorAll(".cm-thread .cm-thread").length, 0);
    equal(view.dom.querySelectorAll(".cm-thread").length, 6);
    view.destroy();
  },
  "2,000 threads on a long text are placed in well under a frame's patience, and only those in sight are drawn": () => {
    const doc = new Y.Doc();
    const text = doc.getText("text");
    for (let line = 0; line < 2000; line += 1) text.insert(text.length, `Line ${line} says something of its own.\n`);
    const anchors = Array.from({ length: 2000 }, (_, at) => ({ id: String(at), ...parsed(anchorAt(text, at * 34, at * 34 + 9)) }));
    const view = editorOn(doc);
    const began = performance.now();
    const spans = spansOf(text, anchors);
    const took = performance.now() - began;
    showSpans(view, spans.map((span, at) => ({ id: String(at), ...span })));
    equal(spansIn(view.state).length, 2000);
    ok(view.dom.querySelectorAll(".cm-thread").length < 400, "more is drawn than can be seen");
    ok(took < 250, `${took} ms`); // 5 ms on an idle machine; one walk a position takes seconds
    view.destroy();
  },
  "a comment that is begun while the others are being read keeps its words": async () => {
    const doc = new Y.Doc();
    const text = doc.getText("text");
    text.insert(0, "Never promise a date.");
    const session = { text, epoch: "e", signals: { on() {} }, plainText: () => text.toString() };
    const view = editorOn(doc);
    const places = new Places({ session, view, url: "/threads", save() {} });
    const real = window.fetch;
    let answer;
    const asked = new Promise((resolve) => {
      window.fetch = async () => ({ ok: true, json: () => { resolve(); return new Promise((done) => { answer = done; }); } });
    });
    try {
      const loaded = places.load();
      await asked;
      places.put({ ...anchorAt(text, 6, 13), epoch: "e", id: COMPOSED });
      answer({ open: 0, threads: [] });
      ok(await loaded, "it was loaded");
    } finally {
      window.fetch = real;
    }
    equal(places.spanOf(COMPOSED), { from: 6, to: 13 });
    view.destroy();
  },
};
