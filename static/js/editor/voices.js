/* Author bars: beside each line who wrote most of it. The server says who wrote what is on its disk, by client id and
   clock; who writes since then is known from presence. So the bars keep up with every keystroke without a request. */

import { layer } from "./vendor.js";
import { element, hueClass } from "./ui.js";

const LOOK_MS = 150; // after an edit
const ASK_MS = 5_000; // between two questions about somebody whom presence does not know
const KEY = "promptroom:voices";
const UNKNOWN = { id: "", name: "Unknown author", hue: "" };
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

/* Who wrote a clock, from runs sorted by their start; null when none holds it. Pure. */
export function runAt(runs, clock) {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[middle].end <= clock) low = middle + 1;
    else high = middle;
  }
  return low < runs.length && runs[low].start <= clock ? runs[low] : null;
}

/* The visible text as [{end, client, clock}], in its order: `end` counts from the start of the text. */
export function pieces(text) {
  const found = [];
  let end = 0;
  for (let item = text._start; item; item = item.right) {
    if (item.deleted || !item.countable) continue;
    end += item.length;
    found.push({ end, client: item.id.client, clock: item.id.clock, length: item.length });
  }
  return found;
}

/* Who wrote most of what lies between two places: {author, number}, null for nothing. Pure. */
export function mostOf(spans, from, to) {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle].end <= from) low = middle + 1;
    else high = middle;
  }
  const written = new Map();
  for (let at = from; at < to && low < spans.length; low += 1) {
    const { end, author, number } = spans[low];
    const entry = written.get(author.id) ?? { author, size: 0, numbers: new Map() };
    const size = Math.min(end, to) - at;
    entry.size += size;
    entry.numbers.set(number, (entry.numbers.get(number) ?? 0) + size);
    written.set(author.id, entry);
    at = Math.min(end, to);
  }
  const [most] = [...written.values()].sort((a, b) => b.size - a.size);
  if (!most) return null;
  const [[number]] = [...most.numbers].sort((a, b) => b[1] - a[1] || b[0] - a[0]);
  return { author: most.author, number };
}

class Bar {
  constructor(voice, words, box) {
    Object.assign(this, { author: voice.author, words }, box);
  }

  eq(other) {
    return this.author.id === other.author.id && this.author.hue === other.author.hue && this.words === other.words
      && this.left === other.left && this.top === other.top && this.height === other.height;
  }

  draw() {
    const bar = element("div", { title: this.words });
    this.#place(bar);
    return bar;
  }

  update(bar) {
    bar.title = this.words;
    this.#place(bar);
    return true;
  }

  #place(bar) {
    bar.className = this.author.hue ? `voice-bar ${hueClass(this.author.hue)}` : "voice-bar";
    bar.style.left = `${this.left}px`;
    bar.style.top = `${this.top}px`;
    bar.style.height = `${this.height}px`;
  }
}

export class Voices {
  constructor({ session, presence, url, tell }) {
    Object.assign(this, { session, presence, url, tell, known: null, seen: new Map(), spans: [], askedAt: -Infinity });
    this.shown = localStorage.getItem(KEY) !== "off";
    this.layer = layer({ above: true, class: "voice-bars", update: (update) => update.docChanged || update.viewportChanged || update.geometryChanged || this.#isNew(), markers: (view) => this.#bars(view) });
    for (const name of ["synced", "made", "remote"]) session.signals.on(name, () => this.#soon());
    session.signals.on("live", () => this.ask());
    session.signals.on("event", ({ type }) => type.startsWith("version.") && this.ask());
    presence.signals.on("changed", () => this.#meet());
  }

  attach(view, button) {
    this.view = view;
    this.button = button;
    button.hidden = false;
    button.addEventListener("click", () => this.toggle());
    this.#press();
    this.#meet();
    this.ask();
  }

  toggle() {
    this.shown = !this.shown;
    localStorage.setItem(KEY, this.shown ? "on" : "off");
    this.#press();
    this.#draw();
  }

  /* Who wrote the line at this place, in words; "" for a blank line, and before anything is known. */
  line(state) {
    const { from, to, text } = state.doc.lineAt(state.selection.main.head);
    const voice = text.trim() && this.known ? mostOf(this.spans, from, to) : null;
    return voice ? this.#words(voice) : "";
  }

  async ask() {
    this.askedAt = performance.now();
    try {
      const answer = await fetch(this.url, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      this.#learn(await answer.json());
    } catch {
      // Offline: the bars stay as they are, and the next connection asks again.
    }
  }

  /* Somebody without a socket wrote last: nobody's next edit would make us look again. */
  #askSoon() {
    this.asking ??= setTimeout(() => {
      this.asking = null;
      this.ask();
    }, Math.max(0, this.askedAt + ASK_MS - performance.now()));
  }

  #learn({ epoch, people, runs, dates, newest }) {
    const known = new Map();
    for (const [client, start, end, who, number] of runs) {
      const list = known.get(client) ?? [];
      known.set(client, list);
      list.push({ start, end, author: people[who] ?? UNKNOWN, number });
    }
    for (const list of known.values()) list.sort((a, b) => a.start - b.start);
    this.known = { epoch, runs: known, dates, newest };
    this.#look();
  }

  #meet() {
    for (const { client, user } of this.presence.peers()) this.seen.set(client, user);
    this.#soon();
  }

  #soon() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.#look();
    }, LOOK_MS);
  }

  #look() {
    if (!this.view || !this.known) return;
    this.seen.set(this.session.doc.clientID, this.session.hello?.user ?? this.session.boot.user);
    this.isLacking = false;
    this.spans = pieces(this.session.text).flatMap((piece) => this.#credited(piece));
    if (this.isLacking) this.#askSoon();
    this.#draw();
    this.tell();
  }

  /* A piece of one client may be several people's runs: programs that write by the server share its id. */
  #credited({ end, client, clock, length }) {
    const found = [];
    const runs = this.known.epoch === this.session.epoch ? this.known.runs.get(client) ?? [] : [];
    for (let at = clock; at < clock + length; ) {
      const run = runAt(runs, at);
      const until = run ? Math.min(run.end, clock + length) : clock + length;
      const author = run?.author ?? this.seen.get(client);
      if (!author) this.isLacking = true;
      found.push({ end: end - (clock + length - until), author: author ?? UNKNOWN, number: run?.number ?? this.known.newest + 1 });
      at = until;
    }
    return found;
  }

  #words({ author, number }) {
    const date = this.known.dates[number];
    if (date) return `${author.name}, v${number}, ${day.format(new Date(date))}`;
    return number > this.known.newest ? `${author.name}, not published yet` : author.name;
  }

  #isNew() {
    const before = this.drawn;
    this.drawn = this.spans;
    return before !== this.drawn || this.wasShown !== this.shown;
  }

  #draw() {
    this.view?.dispatch({}); // the layer looks at each update whether there is something new
  }

  #press() {
    this.button.setAttribute("aria-pressed", String(this.shown));
  }

  #bars(view) {
    this.wasShown = this.shown;
    if (!this.shown || !this.known) return [];
    const left = view.contentDOM.offsetLeft - (view.contentDOM.offsetLeft ? 18 : 12);
    const found = [];
    for (const block of view.viewportLineBlocks) {
      const line = view.state.doc.lineAt(block.from);
      const voice = line.text.trim() ? mostOf(this.spans, line.from, line.to) : null;
      if (voice) this.#add(found, voice, block, { left, above: view.documentPadding.top });
    }
    return found;
  }

  /* Neighbouring lines of one voice share a bar. */
  #add(found, voice, block, { left, above }) {
    const words = this.#words(voice);
    const top = block.top + above;
    const last = found.at(-1);
    const goesOn = last && last.words === words && last.author.id === voice.author.id && Math.abs(last.top + last.height - top) < 1;
    if (goesOn) last.height = block.bottom + above - last.top;
    else found.push(new Bar(voice, words, { left, top, height: block.height }));
  }
}
