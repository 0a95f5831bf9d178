/* Markdown for reading, not for building: bold headings, grey list markers and XML tags. */

import {
  Decoration, Language, defineLanguageFacet, languageDataProp, markdownParser, syntaxHighlighting, tagHighlighter, tags,
} from "./vendor.js";
import { matches } from "./marks.js";

const data = defineLanguageFacet({ closeBrackets: { brackets: [] } });
// Wrapped by hand: the ready-made package brings parsers for HTML, CSS and JavaScript along.
const language = new Language(data, markdownParser.configure({ props: [languageDataProp.add({ Document: data })] }), [], "markdown");

const classes = tagHighlighter([
  { tag: tags.heading, class: "cm-heading" },
  { tag: tags.strong, class: "cm-strong" },
  { tag: tags.emphasis, class: "cm-emphasis" },
]);

/* Markers are found by line, also inside what Markdown takes for a code block: prompts indent freely. */
const decorate = (regexp, className) => matches({
  regexp,
  decorate: (add, from, _to, match) => add(from + match[1].length, from + match[0].length, Decoration.mark({ class: className })),
});

export const markdown = [
  language,
  syntaxHighlighting(classes),
  decorate(/^([ \t]*)(?:[-*+]|\d{1,3}[.)])(?=[ \t])/gm, "cm-marker"),
  decorate(/()<\/?[A-Za-z][\w.:-]*(?:\s[^<>\n]*)?\/?>/g, "cm-tag"),
];
