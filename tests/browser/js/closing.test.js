import { ending, pause } from "/static/js/editor/closing.js";
import { equal, ok } from "./check.js";

export const tests = {
  "the 44xx band is permanent, the others are tried again": () => {
    for (const code of [4401, 4403, 4404, 4409, 4413, 4422, 4426, 4444]) ok(ending(code), `${code} must end`);
    for (const code of [1000, 1001, 1006, 1009, 1011, 1012, 1013, 4503, 4505, 4529]) equal(ending(code), null, code);
  },
  "waits are spread over the whole interval and capped": () => {
    equal(pause(0, 1006, () => 0), 0);
    ok(pause(0, 1006, () => 0.999) <= 400);
    ok(pause(3, 1006, () => 0.999) <= 3200);
    ok(pause(50, 1006, () => 0.999) <= 30_000);
  },
  "an overloaded server is given more room, a changed role none": () => {
    ok(pause(0, 1013, () => 0.999) > 2_000);
    ok(pause(0, 4505, () => 0.999) <= 200);
  },
};
