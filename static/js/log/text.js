// The output of a job as lines, in blocks. Holds strings only; what is seen of them is view.js's business.
import { PLAIN, after, plain } from "./ansi.js";

export const BLOCK = 200;
const LONGEST_LINE = 20_000; // a program may print for ever without ending a line

export class LogText {
  constructor() {
    this.lines = [];
    this.partial = ""; // the line that has not ended yet
    this.styles = [PLAIN]; // the style at the beginning of each block
    this.style = PLAIN;
  }

  // How many lines there are to show, the unfinished one included.
  get length() {
    return this.lines.length + (this.partial ? 1 : 0);
  }

  // Takes a piece of output. Returns the first line that is new or has changed.
  add(text) {
    const first = this.lines.length;
    const parts = (this.partial + text).split("\n");
    this.partial = parts.pop();
    for (const line of parts) this.end(line);
    while (this.partial.length > LONGEST_LINE) {
      this.end(this.partial.slice(0, LONGEST_LINE));
      this.partial = this.partial.slice(LONGEST_LINE);
    }
    return first;
  }

  end(line) {
    this.style = after(line, this.style);
    this.lines.push(line);
    if (this.lines.length % BLOCK === 0) this.styles.push(this.style);
  }

  line(index) {
    return index < this.lines.length ? this.lines[index] : this.partial;
  }

  // The lines that hold the words, whatever their case, from line `from` on. Gives the page room to breathe.
  async *find(words, from, cancelled) {
    const wanted = words.toLowerCase();
    for (let index = from; index < this.length; index++) {
      if (plain(this.line(index)).toLowerCase().includes(wanted)) yield index;
      if (index % 20_000 === 19_999) {
        await new Promise((resolve) => setTimeout(resolve));
        if (cancelled()) return;
      }
    }
  }
}
