/* Assertions for unit tests that run in the browser. */

const show = (value) => JSON.stringify(value, (_key, part) => (part instanceof Set || part instanceof Map ? [...part] : part));

export function equal(actual, expected, note = "") {
  if (show(actual) !== show(expected)) throw new Error(`${note} got ${show(actual)}, expected ${show(expected)}`);
}

export function ok(value, note = "expected something true") {
  if (!value) throw new Error(note);
}

/* Waits until `condition` holds; fails with `note` after two seconds. */
export async function until(condition, note = "waited too long") {
  const end = performance.now() + 2000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(note);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/* A small repeatable random source, so that a failing case can be run again. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
