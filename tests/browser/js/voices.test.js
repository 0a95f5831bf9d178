import { mostOf, pieces, runAt } from "/static/js/editor/voices.js";
import { Y } from "/static/js/editor/vendor.js";
import { equal } from "./check.js";

const ann = { id: "user:ann", name: "Ann", hue: "teal" };
const bob = { id: "user:bob", name: "Bob", hue: "coral" };

export const tests = {
  "a clock is found in the run that holds it": () => {
    const runs = [{ start: 0, end: 3, who: 1 }, { start: 5, end: 6, who: 2 }];
    equal([0, 2, 3, 4, 5, 6].map((clock) => runAt(runs, clock)?.who ?? null), [1, 1, null, null, 2, null]);
    equal(runAt([], 0), null);
  },
  "who wrote most of a line, and with which version most of that came": () => {
    const spans = [{ end: 3, author: ann, number: 1 }, { end: 8, author: bob, number: 2 }, { end: 10, author: ann, number: 4 }];
    equal(mostOf(spans, 0, 4).author.id, "user:ann");
    equal(mostOf(spans, 2, 9), { author: bob, number: 2 });
    equal(mostOf(spans, 8, 10), { author: ann, number: 4 });
    equal(mostOf(spans, 4, 4), null);
    equal(mostOf(spans, 10, 12), null);
  },
  "the pieces of a text are what is visible of it, in its order": () => {
    const one = new Y.Doc();
    const other = new Y.Doc();
    one.getText("text").insert(0, "Hello 👋 world");
    Y.applyUpdate(other, Y.encodeStateAsUpdate(one));
    other.getText("text").insert(5, " brave");
    Y.applyUpdate(one, Y.encodeStateAsUpdate(other));
    one.getText("text").delete(0, 2);
    const found = pieces(one.getText("text"));
    equal(found.map(({ length, client }) => [length, client === one.clientID]), [[3, true], [6, false], [9, true]]);
    equal(found.at(-1).end, one.getText("text").length);
  },
};
