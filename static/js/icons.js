// icon("check") → an <svg> from the sprite, for what scripts add to a page.
const SVG = "http://www.w3.org/2000/svg";

export function icon(name, size = 16) {
  const sprite = document.querySelector('meta[name="icon-sprite"]').content;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", size === 16 ? "icon" : `icon s${size}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}
