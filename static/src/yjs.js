/* The part of yjs we use; naming it lets the bundler leave the rest out. */

export {
  Doc, UndoManager, applyUpdate, createAbsolutePositionFromRelativePosition, createRelativePositionFromJSON,
  createRelativePositionFromTypeIndex, decodeStateVector, encodeStateAsUpdate, encodeStateVector, mergeUpdates,
  relativePositionToJSON,
} from "yjs";
