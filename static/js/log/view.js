// Shows a LogText: blocks of lines, of which only those near the window hold anything.
//
// A block that scrolls away is emptied and keeps its height, so a hundred thousand lines cost as much as a thousand,
// with long lines wrapped or not.
import { node, pieces } from "./ansi.js";
import { BLOCK } from "./text.js";

const NEAR = "800px 0px";
const LINE_REM = 1.25;

export class LogView {
  constructor(root, text) {
    this.root = root;
    this.text = text;
    this.blocks = [];
    this.words = "";
    this.current = -1;
    root.replaceChildren();
    this.observer = new IntersectionObserver((seen) => seen.forEach((one) => this.turn(one)), { root, rootMargin: NEAR });
  }

  close() {
    this.observer.disconnect();
  }

  // Lines from `first` on are new or have changed.
  show(first) {
    const count = Math.ceil(this.text.length / BLOCK);
    while (this.blocks.length < count) this.append();
    for (let index = Math.floor(first / BLOCK); index < count; index++) {
      const block = this.blocks[index];
      if (block.filled) this.extend(block, Math.max(first, index * BLOCK));
      else this.reserve(block);
    }
  }

  append() {
    const element = document.createElement("div");
    element.className = "log-block";
    const block = { element, index: this.blocks.length, filled: false, height: 0 };
    this.blocks.push(block);
    element.block = block;
    this.root.append(element);
    this.observer.observe(element);
  }

  turn(seen) {
    const block = seen.target.block;
    if (seen.isIntersecting && !block.filled) this.fill(block);
    else if (!seen.isIntersecting && block.filled) this.empty(block, seen.boundingClientRect.height);
  }

  size(block) {
    return Math.min(BLOCK, this.text.length - block.index * BLOCK);
  }

  reserve(block) {
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    block.height = this.size(block) * LINE_REM * rem;
    block.element.style.height = `${block.height}px`;
  }

  fill(block) {
    block.filled = true;
    block.element.style.height = "";
    block.element.replaceChildren();
    this.extend(block, block.index * BLOCK);
  }

  empty(block, height) {
    block.filled = false;
    block.height = height;
    block.element.style.height = `${height}px`;
    block.element.replaceChildren();
  }

  // Draws the block's lines from line `first` to its end.
  extend(block, first) {
    const start = block.index * BLOCK;
    while (block.element.childElementCount > first - start) block.element.lastElementChild.remove();
    let style = first === start ? this.text.styles[block.index] : (block.style ?? this.text.styles[block.index]);
    const fresh = document.createDocumentFragment();
    for (let index = first; index < start + this.size(block); index++) {
      const [parts, next] = pieces(this.text.line(index), style);
      fresh.append(this.draw(index, parts));
      if (index < this.text.lines.length) style = next; // the unfinished line is drawn again
    }
    block.style = style;
    block.element.append(fresh);
  }

  draw(index, parts) {
    const line = document.createElement("div");
    line.className = index === this.current ? "log-line log-current" : "log-line";
    line.dataset.n = index + 1;
    const words = document.createElement("span");
    for (const { text, style } of parts) words.append(node(text, style));
    if (this.words) highlight(words, this.words);
    line.append(words);
    return line;
  }

  search(words) {
    this.words = words;
    this.current = -1;
    for (const block of this.blocks) if (block.filled) this.fill(block);
  }

  // Brings a line into the middle of the window and marks it.
  goTo(index) {
    const before = this.current;
    this.current = index;
    this.lineElement(before)?.classList.remove("log-current");
    const block = this.blocks[Math.floor(index / BLOCK)];
    if (!block.filled) this.fill(block);
    const line = this.lineElement(index);
    line.classList.add("log-current");
    const box = line.getBoundingClientRect();
    const frame = this.root.getBoundingClientRect();
    this.root.scrollTop += box.top - frame.top - (frame.height - box.height) / 2;
  }

  lineElement(index) {
    const block = this.blocks[Math.floor(index / BLOCK)];
    return block?.filled ? block.element.children[index % BLOCK] : undefined;
  }

  // The width of lines has changed: what was measured no longer holds.
  measure() {
    for (const block of this.blocks) if (!block.filled) this.reserve(block);
  }
}

// Marks the words in an element's text, also where colours cut it into pieces.
function highlight(element, words) {
  const whole = element.textContent.toLowerCase();
  const wanted = words.toLowerCase();
  const ranges = [];
  for (let at = whole.indexOf(wanted); at >= 0; at = whole.indexOf(wanted, at + wanted.length)) ranges.push(at);
  if (!ranges.length || whole.length !== element.textContent.length) return;
  const texts = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let from = 0, text = walker.nextNode(); text; from += text.length, text = walker.nextNode()) texts.push([text, from]);
  for (const [text, from] of texts) {
    for (const at of [...ranges].reverse()) {
      const start = Math.max(at - from, 0);
      const end = Math.min(at + wanted.length - from, text.length);
      if (start < end) mark(text, start, end);
    }
  }
}

function mark(text, start, end) {
  const found = text.splitText(start);
  found.splitText(end - start);
  const element = document.createElement("mark");
  found.replaceWith(element);
  element.append(found);
}
