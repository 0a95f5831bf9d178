/* The parts of y-codemirror.next we use. Its own remote carets are left out (they mix up names): see static/js/editor/carets.js. */

export {
  YSyncConfig, ySync, ySyncAnnotation, ySyncFacet,
} from "./node_modules/y-codemirror.next/src/y-sync.js";
export {
  YUndoManagerConfig, redo, redoDepth, undo, undoDepth, yUndoManager, yUndoManagerFacet, yUndoManagerKeymap,
} from "./node_modules/y-codemirror.next/src/y-undomanager.js";
