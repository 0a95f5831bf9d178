/* What our own modules may import from the third-party bundle: nothing else of these packages is shipped. */

export {
  Compartment, EditorSelection, EditorState, Facet, RangeSetBuilder, StateEffect, StateField, Text,
} from "@codemirror/state";
export {
  Decoration, EditorView, MatchDecorator, RectangleMarker, ViewPlugin, WidgetType, drawSelection, dropCursor,
  highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap, layer, lineNumbers, placeholder, showTooltip,
} from "@codemirror/view";
export { standardKeymap } from "@codemirror/commands";
export { Language, defineLanguageFacet, languageDataProp, syntaxHighlighting } from "@codemirror/language";
export { tagHighlighter, tags } from "@lezer/highlight";
export { parser as markdownParser } from "@lezer/markdown";
export { openSearchPanel, closeSearchPanel, search, searchKeymap } from "@codemirror/search";
export { autocompletion, completionKeymap, startCompletion } from "@codemirror/autocomplete";

export * as Y from "./yjs.js";
export { createDecoder, readVarString, readVarUint, readVarUint8Array } from "lib0/decoding";
export { createEncoder, toUint8Array, writeVarString, writeVarUint, writeVarUint8Array } from "lib0/encoding";
export {
  Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates,
} from "y-protocols/awareness";
export {
  YSyncConfig, YUndoManagerConfig, redo, redoDepth, undo, undoDepth, ySync, ySyncAnnotation, ySyncFacet,
  yUndoManager, yUndoManagerFacet, yUndoManagerKeymap,
} from "./binding.js";
