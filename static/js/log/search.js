// Search in a log: how many lines, which of them, next and previous.
const TYPING_MS = 150;

export class Search {
  constructor(log) {
    this.log = log;
    this.field = log.piece("search");
    this.label = log.piece("count");
    this.found = [];
    this.at = -1;
    this.turn = 0;
    this.field.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.start(), TYPING_MS);
    });
    this.field.addEventListener("keydown", (event) => this.key(event));
    log.piece("next").addEventListener("click", () => this.step(1));
    log.piece("previous").addEventListener("click", () => this.step(-1));
  }

  get active() {
    return this.found.length > 0 && this.at >= 0;
  }

  reset() {
    this.turn++;
    this.found = [];
    this.at = -1;
    if (this.field.value) this.start();
    else this.tell();
  }

  key(event) {
    if (event.key === "Enter") {
      event.preventDefault();
      this.step(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && this.field.value) {
      event.preventDefault();
      this.field.value = "";
      this.start();
    }
  }

  async start() {
    const turn = ++this.turn;
    const words = this.field.value;
    this.found = [];
    this.at = -1;
    this.log.view.search(words);
    if (words) await this.look(words, 0, turn);
    if (turn !== this.turn) return;
    this.tell();
    if (this.found.length) this.step(1);
  }

  // Lines from `first` on are new.
  async extend(first) {
    const words = this.field.value;
    if (!words) return;
    while (this.found.length && this.found.at(-1) >= first) this.found.pop();
    await this.look(words, first, this.turn);
    this.tell();
  }

  async look(words, from, turn) {
    for await (const line of this.log.text.find(words, from, () => turn !== this.turn)) {
      if (turn !== this.turn) return;
      this.found.push(line);
    }
  }

  step(by) {
    if (!this.found.length) return;
    this.at = (this.at + by + this.found.length) % this.found.length;
    this.log.follow(false);
    this.log.view.goTo(this.found[this.at]);
    this.tell();
  }

  tell() {
    const count = this.found.length.toLocaleString("en");
    if (!this.field.value) this.label.textContent = "";
    else if (!this.found.length) this.label.textContent = "No match";
    else this.label.textContent = this.at < 0 ? count : `${(this.at + 1).toLocaleString("en")} of ${count}`;
    for (const name of ["next", "previous"]) this.log.piece(name).disabled = !this.found.length;
  }
}
