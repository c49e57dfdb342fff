// Draws parts of the page anew when the run's stream says that something happened to them.
//
// A part names the types of events that concern it: <section data-live="job gate" hx-trigger="live" hx-get=…>. Events
// are gathered for 300 ms, so a part asks once for a hundred events. "tick" stands for the passing of time.
/* global htmx */
import { Stream } from "./stream.js";

const GATHER_MS = 300;
const TICK_MS = 4000;
const STATES = {
  live: "Live",
  reconnecting: "Reconnecting…",
  refused: "No longer allowed: load the page again",
  resting: "Paused while you are away",
  polling: "Live",
  stale: "Not up to date: the server made an error",
};

const happened = new Set();
let timer = null;

function note(type) {
  happened.add(type);
  timer ??= setTimeout(flush, GATHER_MS);
}

function flush() {
  timer = null;
  for (const part of document.querySelectorAll("[data-live]")) {
    const wanted = part.dataset.live.split(" ");
    if (wanted.some((type) => happened.has(type) || (type === "*" && !onlyTick()))) htmx.trigger(part, "live");
  }
  happened.clear();
}

const onlyTick = () => happened.size === 1 && happened.has("tick");

function show(state) {
  const element = document.getElementById("connection");
  if (!element) return;
  element.hidden = false;
  element.dataset.state = state;
  element.textContent = STATES[state] ?? state;
}

const streamed = document.querySelector("[data-stream]");
if (streamed) {
  const { stream, types, seen } = streamed.dataset;
  new Stream(stream, types.split(" "), {
    event: (type, data) => {
      note(type);
      document.dispatchEvent(new CustomEvent("hive:event", { detail: { type, data } }));
    },
    state: show,
  }, Number(seen));
}

setInterval(() => document.hidden || note("tick"), TICK_MS);
document.addEventListener("visibilitychange", () => document.hidden || note("tick"));

// Pages without a stream ask from time to time; they say so in the same words.
document.addEventListener("htmx:sendError", (event) => {
  if (!streamed && event.detail.elt.matches("[data-live]")) show("reconnecting");
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful, xhr } = event.detail;
  if (!elt.matches?.("[data-live]")) return;
  if (xhr.status >= 500) show("stale");
  else if (successful && (!streamed || isStale())) show(streamed ? "live" : "polling");
});
const isStale = () => document.getElementById("connection")?.dataset.state === "stale";

// What changed about the run, in one sentence, for those who do not see it.
document.addEventListener("htmx:afterSettle", () => {
  const source = document.querySelector("[data-announce]");
  const region = document.getElementById("announcer");
  if (source && region && region.dataset.said !== source.dataset.announce) {
    if (region.dataset.said !== undefined) region.textContent = source.dataset.announce;
    region.dataset.said = source.dataset.announce;
  }
});
const first = document.querySelector("[data-announce]");
const region = document.getElementById("announcer");
if (first && region) region.dataset.said = first.dataset.announce;

// What a person did here may change the run before any event tells of it.
document.addEventListener("hive:said", () => note("run"));
