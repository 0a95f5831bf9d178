/* Places in the text that survive other people's edits, as Yjs relative positions. */

import { Y } from "./vendor.js";

export function toRelative(text, index) {
  return Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index));
}

/* null when the place is unknown here (not synced yet, or made up). */
export function toIndex(text, json) {
  try {
    const found = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(json), text.doc);
    return found?.type === text ? Math.min(found.index, text.length) : null;
  } catch {
    return null;
  }
}

export function toRange(text, cursor) {
  if (!cursor) return null;
  const anchor = toIndex(text, cursor.anchor);
  const head = toIndex(text, cursor.head);
  return anchor === null || head === null ? null : { anchor, head };
}
