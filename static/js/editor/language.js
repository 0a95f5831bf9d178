/* In which language the text is written. What a Jinja text uses is the server's to say: it reads the text after a pause in typing. */

const PAUSE_MS = 700; // of reading the text again: it is on the server's disk by then

export class Language {
  constructor({ session, changed }) {
    Object.assign(this, { changed, seen: "" });
    for (const name of ["synced", "made", "remote"]) session.signals.on(name, () => this.#soon());
  }

  /* Says what it is, and again whenever it has become something else. */
  start() {
    document.addEventListener("htmx:after:swap", () => this.#look());
    this.#look();
  }

  get part() {
    return document.getElementById("field-template_format");
  }

  get isJinja() {
    return this.part?.dataset.format === "jinja";
  }

  /* The variables of a Jinja text; null when that is not known, or in Mustache. */
  get used() {
    const names = this.isJinja ? this.part.dataset.used : undefined;
    return names === undefined ? null : names.split(" ").filter(Boolean);
  }

  #soon() {
    if (!this.isJinja) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.part?.dispatchEvent(new CustomEvent("refresh")), PAUSE_MS);
  }

  #look() {
    const now = JSON.stringify([this.isJinja, this.used]);
    if (now === this.seen) return;
    this.seen = now;
    this.changed(this);
  }
}
