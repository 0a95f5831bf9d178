import { purge } from "/static/js/editor/copies.js";
import { draftOf, dropDraft, keepDraft, restoreDrafts } from "/static/js/threads/drafts.js";
import { fromSource, mentionAt, toSource } from "/static/js/threads/mentions.js";
import { equal, ok } from "./check.js";

const PRIYA = "0197a3c2-6a53-7cc1-9d8b-2f6f4f7d1e11";

function field(draft, value = "") {
  const area = document.createElement("textarea");
  area.dataset.draft = draft;
  area.value = value;
  document.body.append(area);
  return area;
}

export const tests = {
  "what is typed after an @ is a name, what stands inside of a word is not": () => {
    equal(mentionAt("Ask @pri", 8), { at: 4, words: "pri" });
    equal(mentionAt("@", 1), { at: 0, words: "" });
    equal(mentionAt("(@Priya Ra", 10), { at: 1, words: "Priya Ra" });
    equal(mentionAt("me@example.com", 14), null);
    equal(mentionAt("@pri\nnext", 9), null);
    equal(mentionAt("Ask @pri, then", 4), null);
    equal(mentionAt("@Priya Raman said that it is", 28), null);
  },
  "names become sources and come back": () => {
    const people = { "@Priya Raman": PRIYA, "@Priya": PRIYA.replace(/1$/, "2") };
    const source = toSource("@Priya Raman and @Priya, not @Priyanka", people);
    equal(source, `@[Priya Raman](user:${PRIYA}) and @[Priya](user:${people["@Priya"]}), not @Priyanka`);
    equal(fromSource(source), { text: "@Priya Raman and @Priya, not @Priyanka", people });
    equal(toSource("(a+b) @C++", { "@C++": PRIYA }), `(a+b) @[C++](user:${PRIYA})`);
    equal(toSource("$& @A", { "@A": PRIYA }), `$& @[A](user:${PRIYA})`);
  },
  "unsent text comes back with its id; other words get another": () => {
    const area = field("user:1:p:t", "Half a th");
    keepDraft(area);
    const { id } = draftOf(area);
    ok(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id), id);
    keepDraft(area);
    equal(draftOf(area).id, id);
    area.value += "ought";
    keepDraft(area);
    ok(draftOf(area).id !== id, "a comment that was sent with other words keeps its id");
    const again = field("user:1:p:t");
    restoreDrafts();
    equal(again.value, "Half a thought");
    dropDraft(again);
    equal(draftOf(area), null);
    const other = field("user:2:p:t");
    restoreDrafts();
    equal(other.value, "");
  },
  "a field that somebody is in is left alone": () => {
    const area = field("user:1:p:focused", "kept");
    keepDraft(area);
    area.value = "";
    area.focus();
    restoreDrafts();
    equal(area.value, "");
    dropDraft(area);
  },
  "signing out leaves no comment behind": async () => {
    const area = field("user:1:p:left", "private");
    keepDraft(area);
    await purge();
    equal(draftOf(area), null);
  },
};
