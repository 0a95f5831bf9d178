/* The editor itself: which CodeMirror parts it is made of and how it is bound to the shared text. */

import {
  Compartment, EditorState, EditorView, Y, YSyncConfig, YUndoManagerConfig, completionKeymap, drawSelection, dropCursor,
  highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers, placeholder, redo, search, searchKeymap, standardKeymap,
  undo, ySync, ySyncFacet, yUndoManager, yUndoManagerFacet, yUndoManagerKeymap,
} from "./vendor.js";
import { accessibleName, peerCarets } from "./carets.js";
import { localEdits } from "./guard.js";
import { textKeys } from "./keyboard.js";
import { markdown } from "./markdown.js";
import { roleDividers } from "./roles.js";
import { clearOfBars, keepPlace } from "./scrolling.js";
import { threadHighlights } from "../threads/highlights.js";
import { declared, variables } from "./variables.js";

// CodeMirror's search panel in the product's voice.
const PHRASES = Object.fromEntries(
  ["next", "previous", "all", "match case", "by word", "replace", "replace all", "close"].map((words) => [words, words[0].toUpperCase() + words.slice(1)]),
);
PHRASES.regexp = "Pattern";

const access = new Compartment();
const declarations = new Compartment();

/* Read only still lets people select, copy and show where they are. */
const accessFor = (canWrite) => [
  EditorState.readOnly.of(!canWrite),
  EditorView.contentAttributes.of({ "aria-readonly": String(!canWrite) }),
];

/* Undo and redo of one's own edits only: the manager follows the editor's origin and no other. */
function shared(text) {
  const binding = new YSyncConfig(text, null);
  const undoManager = new Y.UndoManager(text, { trackedOrigins: new Set([binding]), captureTimeout: 500 });
  return [
    ySyncFacet.of(binding),
    yUndoManagerFacet.of(new YUndoManagerConfig(undoManager)),
    yUndoManager, // before ySync: it notes the selection before each change
    ySync,
    EditorView.domEventHandlers({
      // With Caps Lock the key is a small z, which the keymap below would take for undo.
      keydown: (event, view) => {
        const isRedo = (event.metaKey || event.ctrlKey) && event.shiftKey && event.key.toLowerCase() === "z";
        if (isRedo) event.preventDefault();
        return isRedo && redo(view);
      },
      beforeinput: (event, view) => {
        const command = { historyUndo: undo, historyRedo: redo }[event.inputType];
        if (!command) return false;
        event.preventDefault();
        return command(view);
      },
    }),
  ];
}

/* While a character is being composed, remote text waits: CodeMirror would end the composition. */
function composition(sync) {
  return EditorView.domEventHandlers({
    compositionstart: () => {
      sync.hold();
    },
    compositionend: () => {
      setTimeout(() => sync.release(), 50); // after CodeMirror has read the composed text
    },
  });
}

function look(phone) {
  return [
    ...(phone ? [] : [lineNumbers(), highlightActiveLineGutter()]),
    clearOfBars(phone),
    highlightActiveLine(), drawSelection(), dropCursor(), EditorView.lineWrapping,
    placeholder("Write the prompt. Type {{ for a variable."),
    EditorView.editorAttributes.of({ class: "prompt" }),
    EditorView.contentAttributes.of({ spellcheck: "true", autocapitalize: "sentences", autocorrect: "on" }),
  ];
}

export function createEditor({ session, follow, voices, nonce, parent, refuse, onUpdate }) {
  const { text } = session;
  const phone = matchMedia("(max-width: 760px)").matches;
  const state = EditorState.create({
    doc: text.toString(),
    extensions: [
      EditorState.lineSeparator.of("\n"), // the shared text counts every character, so must the editor
      nonce ? EditorView.cspNonce.of(nonce) : [],
      shared(text),
      composition(session.sync),
      keymap.of([...textKeys(follow), ...completionKeymap, ...yUndoManagerKeymap, ...searchKeymap, ...standardKeymap]),
      look(phone), markdown, roleDividers, variables, accessibleName, search({ top: true }), EditorState.phrases.of(PHRASES), peerCarets(text), voices.layer, threadHighlights,
      localEdits({ limit: () => session.hello?.limits.text ?? 2 << 20, refuse }),
      access.of(accessFor(session.canWrite)),
      declarations.of(declared.of({ list: [], declare: null })),
      EditorView.updateListener.of(onUpdate),
    ],
  });
  return new EditorView({ state, parent, dispatchTransactions: keepPlace });
}

export function setAccess(view, canWrite) {
  view.dispatch({ effects: access.reconfigure(accessFor(canWrite)) });
}

export function setDeclared(view, { list, declare, jinja }) {
  view.dispatch({ effects: declarations.reconfigure(declared.of({ list, declare, jinja })) });
}
