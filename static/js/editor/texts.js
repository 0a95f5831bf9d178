/* Small pure questions about text: words, tokens, code points. */

export const countWords = (text) => text.match(/[\p{L}\p{N}]+(?:['’_-][\p{L}\p{N}]+)*/gu)?.length ?? 0;

/* An estimate that fits common tokenisers within about a tenth: four Latin letters, or one to two wide characters, a token. */
export function estimateTokens(text) {
  let wide = 0;
  for (const run of text.match(/[\u1100-\ud7ff\uf900-\ufaff\ud800-\udbff]+/g) ?? []) wide += run.length;
  return Math.ceil((text.length - wide) / 4 + wide * 0.8);
}

const isHigh = (unit) => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit) => unit >= 0xdc00 && unit <= 0xdfff;

/* Whether the boundary before `unit` lies inside a surrogate pair. */
export const splitsPair = (before, unit) => isHigh(before) && isLow(unit);

/* What may enter a prompt: one kind of line break, no NUL, no half characters. */
export function clean(text) {
  return text.replace(/\r\n?/g, "\n").replace(/\0/g, "").toWellFormed();
}

/* The smallest single replacement that turns `before` into `after`, never cutting a character in two. */
export function replacement(before, after) {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start++;
  if (start > 0 && isHigh(before.charCodeAt(start - 1))) start--;
  let end = 0;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  if (end > 0 && isLow(before.charCodeAt(before.length - end))) end--;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}
