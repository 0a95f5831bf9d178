import { caretStates } from "/static/js/editor/carets.js";
import { gather, spoken } from "/static/js/editor/people.js";
import { variablesLine } from "/static/js/editor/statusbar.js";
import { equal, ok } from "./check.js";

const peer = (client, name, movedAt = 0, id = name) => ({ client, user: { id, name, hue: "teal", initials: "X" }, cursor: { anchor: 1, head: 1 }, movedAt });

export const tests = {
  "one entry a person, spoken for by the tab that moved last": () => {
    const people = gather([peer(1, "Kenji W", 5), peer(2, "Kenji W", 9), peer(3, "Priya R", 1)], 10);
    equal(people.map(({ client }) => client), [2, 3]);
  },
  "somebody idle for ten minutes is away": () => {
    equal(gather([peer(1, "Kenji W", 0)], 600_001)[0].away, true);
  },
  "joins and leaves in words": () => {
    equal(spoken([], [peer(1, "Kenji"), peer(2, "Priya")]), "Kenji and Priya are here.");
    equal(spoken([peer(1, "Kenji")], []), "Kenji left.");
    equal(spoken([peer(1, "Kenji")], [peer(9, "Kenji")]), "");
  },
  "flags open for 2.5 s, fade after two minutes, leave after ten": () => {
    equal(caretStates([peer(1, "A B", 1000)], 3499).states[0].open, true);
    equal(caretStates([peer(1, "A B", 1000)], 3500).states[0].open, false);
    equal(caretStates([peer(1, "A B", 0)], 120_001).states[0].faded, true);
    equal(caretStates([peer(1, "A B", 0)], 600_001).states, []);
    equal(caretStates([peer(1, "A B", 1000)], 2000).next, 1500);
  },
  "at most twelve flags are open, those of the latest movers": () => {
    const { states } = caretStates(Array.from({ length: 20 }, (_, at) => peer(at, `P${at} X`, at)), 100);
    equal(states.filter(({ open }) => open).length, 12);
    ok(states.find(({ client }) => client === 19).open && !states.find(({ client }) => client === 0).open);
  },
  "first names, unless two people share one": () => {
    const names = (list) => caretStates(list, 1).states.map(({ name }) => name);
    equal(names([peer(1, "Priya Raman"), peer(2, "Kenji Watanabe")]), ["Priya", "Kenji"]);
    equal(names([peer(1, "Priya Raman"), peer(2, "Priya Shah")]), ["Priya Raman", "Priya Shah"]);
  },
  "the line about variables": () => {
    equal(variablesLine({ used: ["a"], undeclared: [], unused: [] }), "1 variable, all set");
    equal(variablesLine({ used: ["a", "b"], undeclared: ["b"], unused: ["c"] }), "2 variables, 1 not declared, 1 unused");
    equal(variablesLine({ used: [], undeclared: [], unused: [] }), "No variables");
  },
};
