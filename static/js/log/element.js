// <hive-log>: a job's output as it is printed: follow, pause, search, wrap.
import { Stream } from "../stream.js";
import { Search } from "./search.js";
import { LogText } from "./text.js";
import { LogView } from "./view.js";

const AT_END_PX = 32;
const QUIET_MS = 400; // what was printed before arrives within that time
const STATES = { live: "", reconnecting: "Reconnecting…", refused: "No longer allowed", resting: "", end: "" };

class HiveLog extends HTMLElement {
  static observedAttributes = ["src"];

  connectedCallback() {
    if (!this.ready) {
      this.window = this.piece("view");
      this.piece("tools").hidden = false;
      this.listen();
      this.ready = true;
    }
    this.begin(); // also when the page moves it: a connection does not move along
  }

  piece(name) {
    return this.querySelector(`[data-log="${name}"]`);
  }

  disconnectedCallback() {
    this.end();
  }

  attributeChangedCallback(name, before, now) {
    if (this.ready && before !== now) this.begin();
  }

  listen() {
    this.piece("follow").addEventListener("click", () => this.follow(!this.following));
    this.piece("pause").addEventListener("click", () => this.pause(!this.paused));
    this.piece("more").addEventListener("click", () => (this.paused ? this.pause(false) : this.follow(true)));
    this.piece("wrap").addEventListener("click", () => this.wrap());
    this.window.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.search = new Search(this);
  }

  // Begins with the job that the attributes name; what was shown of another goes.
  begin() {
    this.end();
    this.text = new LogText();
    this.view = new LogView(this.window, this.text);
    this.waiting = [];
    this.ended = false;
    this.paused = false;
    this.follow(true);
    this.search.reset();
    const src = this.getAttribute("src");
    this.note("");
    this.say(src ? "Loading…" : "");
    if (!src) return;
    const event = (type, data) => (type === "end" ? this.finish() : this.take(data.text));
    this.stream = new Stream(src, ["message", "end"], { event, state: (name) => this.state(name) });
  }

  end() {
    clearTimeout(this.quiet);
    this.stream?.close();
    this.view?.close();
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  take(text) {
    this.waiting.push(text);
    if (this.paused) this.offer();
    else this.frame ||= requestAnimationFrame(() => this.flush());
  }

  flush() {
    this.frame = 0;
    const text = this.waiting.join("");
    this.waiting = [];
    if (!text) return;
    this.note("");
    const first = this.text.add(text);
    this.view.show(first);
    this.search.extend(first);
    if (this.following) this.toEnd();
    this.offer();
  }

  finish() {
    this.ended = true;
    clearTimeout(this.quiet);
    this.stream.close();
    if (!this.waiting.length && !this.text.length) this.note("This job printed nothing.");
    this.say("");
  }

  state(name) {
    this.say(STATES[name] ?? "");
    if (name === "live") this.quiet = setTimeout(() => this.text.length || this.note("Nothing printed yet."), QUIET_MS);
  }

  say(text) {
    this.piece("state").textContent = text;
  }

  note(text) {
    const note = this.piece("note");
    note.hidden = !text;
    note.textContent = text;
  }

  follow(on) {
    this.following = on;
    if (!on) this.pin();
    this.piece("follow").ariaPressed = String(on);
    if (on) this.toEnd();
    this.offer();
  }

  // Somebody reads: the pane stays with this job, whatever begins to run.
  pin() {
    this.dispatchEvent(new CustomEvent("hive:pin", { bubbles: true }));
  }

  pause(on) {
    this.paused = on;
    if (on) this.pin();
    const button = this.piece("pause");
    button.ariaPressed = String(on);
    if (!on) this.flush();
    this.offer();
  }

  wrap() {
    const on = !this.window.hasAttribute("data-wrap");
    this.window.toggleAttribute("data-wrap", on);
    this.piece("wrap").ariaPressed = String(on);
    this.view.measure();
    if (this.following) this.toEnd();
  }

  // Estimates give way to real heights as blocks are drawn, so the end is looked for again until it stays.
  toEnd() {
    const go = () => {
      this.window.scrollTop = this.window.scrollHeight;
      this.lastTop = this.window.scrollTop;
    };
    go();
    requestAnimationFrame(() => this.following && go());
  }

  // A reader who scrolls up wants to read; one who scrolls to the end wants to follow again.
  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.window;
    const atEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX;
    if (this.following && !atEnd && scrollTop < (this.lastTop ?? 0) - 2) this.follow(false);
    else if (!this.following && atEnd && !this.search.active) this.follow(true);
    this.lastTop = scrollTop;
  }

  // The button that brings back what is missed by reading elsewhere.
  offer() {
    const button = this.piece("more");
    const missed = this.paused ? this.waiting.reduce((sum, text) => sum + text.split("\n").length - 1, 0) : 0;
    button.hidden = !(this.paused || (!this.following && !this.ended));
    button.querySelector("span").textContent = this.paused
      ? `Paused · ${missed.toLocaleString("en")} new ${missed === 1 ? "line" : "lines"}`
      : "To the end";
  }
}

if (!customElements.get("hive-log")) customElements.define("hive-log", HiveLog);
