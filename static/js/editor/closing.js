/* What a closed socket means and how long to wait before the next try. Pure. */

const PERMANENT = new Map([
  [4401, { kind: "signed-out", text: "your session has ended" }],
  [4403, { kind: "removed", text: "you no longer have access" }],
  [4404, { kind: "gone", text: "this prompt is no longer here" }],
  [4409, { kind: "epoch", text: "this prompt was started anew" }],
  [4413, { kind: "too-large", text: "the prompt is too large" }],
  [4422, { kind: "invalid", text: "the server could not accept an edit" }],
  [4426, { kind: "old", text: "Promptroom was updated" }],
]);
const SLOW = new Set([1013, 4503, 4529, 1009]); // the server asked for room to breathe
const AT_ONCE = new Set([4505]); // only the role changed: come back with the new one
const FIRST_MS = 400;
const CAP_MS = 30_000;

/* null: try again; otherwise why this is the end. Codes 4400 to 4499 are permanent, known to us or not. */
export function ending(code) {
  const known = PERMANENT.get(code);
  if (known) return known;
  return code >= 4400 && code <= 4499 ? { kind: "refused", text: `the server closed the room (${code})` } : null;
}

/* Full jitter: a whole office that lost its server must not come back in one second. */
export function pause(attempt, code, random) {
  if (AT_ONCE.has(code) && attempt === 0) return Math.round(random() * 200);
  const step = SLOW.has(code) ? attempt + 3 : attempt;
  return Math.round(random() * Math.min(CAP_MS, FIRST_MS * 2 ** step));
}
