/* Reading a template body: variables, references, role lines. Pure; the same grammar as `app/domain/prompts/template.py`; a change belongs in both. */

export const ROLES = ["system", "user", "assistant"];
const ROLE_LINE = /^[ \t]*\{\{\s*role\s+["'](system|user|assistant|model)["']\s*\}\}[ \t]*$/;
const HISTORY_LINE = /^[ \t]*\{\{\s*history\s*\}\}[ \t]*$/;
export const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/* One expression: a literal brace, a reference, or a name. A fresh object each time, because it keeps a position. */
export const expressions = () => /\\\{\{|\{\{\s*(>\s*[A-Za-z0-9_./-]+(?:@[\w.-]+)?|[A-Za-z_][\w.]*)\s*\}\}/g;

export function roleOf(line) {
  const role = ROLE_LINE.exec(line)?.[1];
  return role === "model" ? "assistant" : role ?? null;
}

export const isHistory = (line) => HISTORY_LINE.test(line);

export const roleLine = (role) => `{{role "${role}"}}`;

/* What an expression found by expressions() is: literal, reference, history or variable (with its name). */
export function kindOf(match) {
  if (match[0].startsWith("\\")) return { kind: "literal" };
  if (match[1].startsWith(">")) return { kind: "reference", name: match[1].slice(1).trim() };
  if (match[1] === "history") return { kind: "history" };
  return { kind: "variable", name: match[1].split(".")[0] };
}

/* What only Jinja has: tags, comments, and expressions that are more than a name. */
export const jinjaParts = () => /\{%.*?%\}|\{#.*?#\}|\{\{(?!\s*(?:>|[A-Za-z_][\w.]*\s*\}\}|role\s)).*?\}\}/g;

/* Names in order of first use. */
export function variablesIn(text) {
  const names = new Set();
  for (const match of text.matchAll(expressions())) {
    const found = kindOf(match);
    if (found.kind === "variable") names.add(found.name);
  }
  return [...names];
}

/* References as they are written, `name@label`, in order of first use. */
export function referencesIn(text) {
  const names = new Set();
  if (!text.includes("{{")) return [];
  for (const match of text.matchAll(expressions())) {
    const found = kindOf(match);
    if (found.kind === "reference") names.add(found.name);
  }
  return [...names];
}

/* How the text, or what is known to be used in it, and the declarations agree. */
export function compareVariables(text, declared, used = variablesIn(text)) {
  const names = declared.map((variable) => variable.name);
  return {
    used,
    undeclared: used.filter((name) => !names.includes(name)),
    unused: names.filter((name) => !used.includes(name)),
  };
}

/* Messages as line ranges: {role, explicit, from, to} with `to` exclusive, in lines counted from 0. */
export function messagesIn(lines) {
  const starts = lines.flatMap((line, at) => (roleOf(line) || isHistory(line) ? [at] : []));
  const blocks = starts.map((from, at) => ({
    role: roleOf(lines[from]) ?? "history", explicit: true, from, to: starts[at + 1] ?? lines.length,
  }));
  const first = starts[0] ?? lines.length;
  const lead = lines.slice(0, first).some((line) => line.trim() !== "");
  if (lead || !blocks.length) blocks.unshift({ role: "user", explicit: false, from: 0, to: first });
  return blocks;
}

function bodyEnd(lines, block) {
  let end = block.to;
  while (end > block.from + 1 && lines[end - 1].trim() === "") end--;
  return end;
}

/* Changes (in characters) that swap two neighbouring messages, or null. Only the upper one moves, so that
   what others type in the lower one at the same time stays where it is. */
export function swapWithNext(text, index) {
  const lines = text.split("\n");
  const blocks = messagesIn(lines);
  const [upper, lower] = [blocks[index], blocks[index + 1]];
  if (!upper || !lower) return null;
  const offsets = lineOffsets(lines);
  const upperEnd = offsets[bodyEnd(lines, upper)] - 1;
  const lowerStart = offsets[lower.from];
  const lowerEnd = offsets[bodyEnd(lines, lower)] - 1;
  const start = offsets[upper.from];
  // Text without a role line would be taken in by the message above it once it stands below one.
  const moved = (upper.explicit ? "" : `${roleLine("user")}\n`) + text.slice(start, upperEnd);
  return [
    { from: start, to: lowerStart, insert: "" },
    { from: lowerEnd, to: lowerEnd, insert: text.slice(upperEnd, lowerStart) + moved },
  ];
}

/* Where each line starts; one more entry, as if another line followed. */
function lineOffsets(lines) {
  const offsets = [0];
  for (const line of lines) offsets.push(offsets.at(-1) + line.length + 1);
  return offsets;
}

/* A new, empty message behind message `index`: what to insert, and where the caret goes. */
export function addMessage(text, index, role) {
  const lines = text.split("\n");
  const block = messagesIn(lines)[index];
  const at = lineOffsets(lines)[bodyEnd(lines, block)] - 1;
  const lead = text.slice(0, at).trim() === "" ? "" : "\n\n";
  const insert = `${lead}${roleLine(role)}\n`;
  return { change: { from: at, to: at, insert }, caret: at + insert.length };
}

/* What would most likely come next. */
export const nextRole = (role) => (role === "user" ? "assistant" : "user");
