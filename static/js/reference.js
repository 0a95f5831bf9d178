// The contents beside the API reference: find a call by words or path, and see where one is.
const nav = document.querySelector(".api-nav");
const field = document.getElementById("find-call");
const calls = [...nav.querySelectorAll("li")].map((item) => ({
  item,
  words: `${item.textContent} ${item.dataset.also}`.toLowerCase(),
}));

function narrow() {
  const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const { item, words } of calls) item.hidden = !wanted.every((word) => words.includes(word));
  for (const group of nav.children) {
    const items = [...group.querySelectorAll("li")];
    group.hidden = wanted.length > 0 && items.every((item) => item.hidden);
  }
  document.getElementById("no-call").hidden = calls.some(({ item }) => !item.hidden);
}

field.addEventListener("input", narrow);
field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  const first = calls.find(({ item }) => !item.hidden);
  if (first && field.value.trim()) first.item.querySelector("a").click();
});
narrow(); // the browser may have kept what was typed

const links = new Map([...nav.querySelectorAll("li a")].map((link) => [link.hash.slice(1), link]));
const inSight = new Set();
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) inSight.add(target.id);
      else inSight.delete(target.id);
    }
    const now = [...links.keys()].find((id) => inSight.has(id));
    if (!now) return;
    for (const [id, link] of links) {
      if (id === now) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    const side = nav.closest(".api-side");
    const { top, bottom } = links.get(now).getBoundingClientRect();
    const box = side.getBoundingClientRect();
    const isAway = top < box.top || bottom > box.bottom;
    if (isAway && !side.contains(document.activeElement)) {
      side.scrollTop += top - box.top - box.height / 2;
    }
  },
  { rootMargin: "-100px 0px -50% 0px" }, // where a link to a call puts it: below scroll-padding
);
for (const id of links.keys()) observer.observe(document.getElementById(id));
