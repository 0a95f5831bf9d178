/* Marks found by a pattern, kept up to date over what can be seen. */

import { MatchDecorator, ViewPlugin } from "./vendor.js";

/* The library keeps the old places when only text outside the window changed: then the marks move along. */
function follow(decorator, update, marks) {
  const next = decorator.updateDeco(update, marks);
  return next === marks && update.docChanged ? marks.map(update.changes) : next;
}

/* stale(update): whether something other than the text decides anew how matches look. */
export function matches(options, stale = () => false) {
  const decorator = new MatchDecorator(options);
  return ViewPlugin.fromClass(class {
    constructor(view) {
      this.decorations = decorator.createDeco(view);
    }

    update(update) {
      this.decorations = stale(update) ? decorator.createDeco(update.view) : follow(decorator, update, this.decorations);
    }
  }, { decorations: (plugin) => plugin.decorations });
}
