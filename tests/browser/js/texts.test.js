import { clean, countWords, estimateTokens, replacement } from "/static/js/editor/texts.js";
import { whole } from "/static/js/editor/guard.js";
import { Text } from "/static/js/editor/vendor.js";
import { equal, ok, random } from "./check.js";

export const tests = {
  "what may enter a prompt": () => {
    equal(clean("a\r\nb\rc\0d"), "a\nb\ncd");
    equal(clean("x\ud83d y"), "x\ufffd y");
    equal(clean("😀"), "😀");
  },
  "words and tokens": () => {
    equal(countWords("You don’t say: well-known {{a_b}} 3 things"), 7);
    ok(estimateTokens("x".repeat(400)) === 100 && estimateTokens("漢字".repeat(50)) === 80);
  },
  "a replacement turns one text into another without cutting characters": () => {
    const next = random(7);
    const letters = ["a", "b", "😀", "😁", "👍🏽", "漢", "e\u0301", "\n"];
    const make = () => Array.from({ length: Math.floor(next() * 8) }, () => letters[Math.floor(next() * letters.length)]).join("");
    for (let turn = 0; turn < 3000; turn++) {
      const [before, after] = [make(), make()];
      const { from, to, insert } = replacement(before, after);
      equal(before.slice(0, from) + insert + before.slice(to), after);
      ok(insert.isWellFormed() && before.slice(from, to).isWellFormed() && from <= to, `cut in ${before} → ${after}`);
    }
  },
  "a local change is widened to whole characters": () => {
    const doc = Text.of(["a😀b"]);
    equal(whole(doc, { from: 2, to: 3, insert: "x" }), { from: 1, to: 3, insert: "x" });
    equal(whole(doc, { from: 1, to: 2, insert: "" }), { from: 1, to: 3, insert: "" });
    equal(whole(doc, { from: 2, to: 2, insert: "x" }), { from: 3, to: 3, insert: "x" });
    equal(whole(doc, { from: 1, to: 3, insert: "y" }), { from: 1, to: 3, insert: "y" });
  },
};
