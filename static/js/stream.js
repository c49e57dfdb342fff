// A stream of server-sent events that survives whatever happens to the connection.
//
// A browser's own EventSource goes on after a cut line, but gives up for good when it is answered by an error, as a
// server that restarts behind a proxy does; and a new one knows nothing of what the old one has read. This one asks
// again, with a growing wait, for what comes after the last id it has seen, and drops what it has seen already.
//
// A page that nobody looks at keeps no connection: browsers allow six per server, and tabs are left open.

const WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const REFUSED = [401, 403, 404, 410];

export class Stream {
  // handlers: {event: (type, data, id) => …, state: (name) => …}; types: the names of events to hear
  constructor(url, types, handlers, after = 0) {
    this.url = url;
    this.types = types;
    this.handlers = handlers;
    this.last = after;
    this.wait = WAIT_MS;
    this.visibility = () => (document.hidden ? this.rest() : this.open());
    document.addEventListener("visibilitychange", this.visibility);
    this.visibility();
  }

  open() {
    if (this.source || this.closed) return;
    clearTimeout(this.timer);
    const source = new EventSource(`${this.url}?after=${this.last}`);
    this.source = source;
    source.onopen = () => {
      this.wait = WAIT_MS;
      this.say("live");
    };
    source.onerror = () => this.fail(source);
    for (const type of this.types) source.addEventListener(type, (event) => this.hear(source, type, event));
  }

  hear(source, type, event) {
    if (source !== this.source) return;
    const id = event.lastEventId === "" ? null : Number(event.lastEventId);
    if (type !== "end" && id !== null) {
      if (id <= this.last) return; // told before
      this.last = id;
    }
    this.handlers.event(type, event.data ? JSON.parse(event.data) : null, id);
  }

  async fail(source) {
    if (source !== this.source || this.closed) return;
    this.say("reconnecting");
    if (source.readyState !== EventSource.CLOSED) return; // the browser goes on by itself
    this.source = null;
    if (await this.refused()) {
      this.close();
      this.say("refused");
      return;
    }
    this.timer = setTimeout(() => document.hidden || this.open(), this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(2 * this.wait, LONGEST_WAIT_MS);
  }

  // Whether the server answers, and says that we may not have this: EventSource itself does not tell.
  async refused() {
    const abort = new AbortController();
    try {
      const answer = await fetch(`${this.url}?after=${this.last}`, { signal: abort.signal, redirect: "manual" });
      return REFUSED.includes(answer.status);
    } catch {
      return false;
    } finally {
      abort.abort();
    }
  }

  rest() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
    if (!this.closed) this.say("resting");
  }

  close() {
    this.closed = true;
    this.rest();
    document.removeEventListener("visibilitychange", this.visibility);
  }

  say(state) {
    if (state !== this.state) this.handlers.state((this.state = state));
  }
}
