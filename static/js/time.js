// Moments, in the reader's own zone: words are renewed each minute, the exact time is the title.
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long" });
const dayYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

function daysBetween(then, now) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(now) - midnight(then)) / 86400000);
}

function ago(then, now) {
  const seconds = Math.max(0, (now - then) / 1000);
  const days = daysBetween(then, now);
  if (seconds < 60) return "now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 12 * 3600 || days === 0) return `${Math.floor(seconds / 3600)} h`;
  if (days === 1) return "yesterday";
  if (days < 7) return `${days} days`;
  return (then.getFullYear() === now.getFullYear() ? day : dayYear).format(then);
}

function show(element, now) {
  const then = new Date(element.dateTime);
  if (Number.isNaN(then.getTime())) return;
  const text = element.dataset.time === "clock" ? clock.format(then) : ago(then, now);
  if (element.textContent !== text) element.textContent = text;
  element.classList.toggle("now", text === "now");
  element.title = exact.format(then);
}

export function showTimes(root = document) {
  const now = new Date();
  for (const element of root.querySelectorAll("time[data-time]")) show(element, now);
}

showTimes();
setInterval(showTimes, 60000);
document.addEventListener("htmx:after:swap", () => showTimes());
