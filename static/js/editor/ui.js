/* Small pieces of page: elements, icons, avatars, callouts, menus. No inline styles, as the page's policy demands. */

import { icon } from "../icons.js";

export { icon };

export function element(tag, { class: className, text, ...attributes } = {}, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

export const hueClass = (hue) => `c-${/^[a-z]+$/.test(hue ?? "") ? hue : "slate"}`;

/* Initials are drawn from data-i by CSS, so that accessible names stay clean. */
export function avatar(person, size = 28) {
  return element("span", { class: `av s${size} ${hueClass(person.hue)}`, "data-i": person.initials, "aria-hidden": "true" });
}

export function callout({ tone, icon: name, title, text, role = "status" }) {
  const actions = element("div", { class: "callout-actions" });
  const body = element("div", {}, element("strong", { class: "strong", text: title }), element("p", { text }), actions);
  const box = element("div", { class: `callout ${tone}`, role }, icon(name), body);
  return {
    element: box,
    remove: () => box.remove(),
    action: (label, run) => actions.append(element("button", { class: "btn sm", type: "button", text: label, click: run })),
  };
}

/* A menu under `anchor`; arrow keys, Esc and focus are the shell's (../menus.js). items: {label, run, checked?, detail?, leading?}, null = rule. */
export function openMenu(anchor, items, { label }) {
  const list = element("div", { class: "menu-panel", role: "menu", "aria-label": label, popover: "auto" });
  for (const item of items) list.append(item ? menuItem(item) : element("hr", { role: "separator" }));
  (anchor.closest("main") ?? document.body).append(list);
  list.addEventListener("toggle", ({ newState }) => {
    if (anchor.matches("button")) anchor.setAttribute("aria-expanded", String(newState === "open"));
    if (newState === "open") return;
    list.remove();
    if (anchor.isConnected && document.activeElement === document.body) anchor.focus();
  });
  list.showPopover();
  place(list, anchor);
  list.querySelector('[role^="menuitem"]')?.focus(); // now: the next key may come before the shell hears of it
}

function menuItem({ label, run, checked, detail, leading }) {
  const radio = checked !== undefined;
  return element("button", {
    type: "button", role: radio ? "menuitemradio" : "menuitem", "aria-checked": radio ? String(checked) : null, click: run,
  }, leading ?? "", element("span", { text: label }), detail ? element("span", { class: "end muted", text: ` ${detail}` }) : "",
  radio ? element("span", { class: "tick" }, icon("check")) : "");
}

function place(list, anchor) {
  const box = anchor.getBoundingClientRect();
  const below = box.bottom + 4;
  const top = below + list.offsetHeight > innerHeight ? Math.max(8, box.top - 4 - list.offsetHeight) : below;
  list.style.margin = "0"; // set through the CSSOM, which the page's policy allows
  list.style.inset = `${top}px auto auto ${Math.max(8, Math.min(box.left, innerWidth - list.offsetWidth - 8))}px`;
}

export const isTextField = (node) => Boolean(node?.closest?.("input, textarea, select, [contenteditable]:not([contenteditable=false])"));

export async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element("textarea", { class: "vh", "aria-hidden": "true" }); // plain http on a LAN has no clipboard API
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
