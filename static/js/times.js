// Keeps ages and running spans true, and gives every moment in the reader's own time. Same words as wording.py.

export function span(seconds) {
  if (seconds < 0.1) return `${Math.round(Math.max(seconds, 0) * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

export function age(then, now) {
  const seconds = (now - then) / 1000;
  if (seconds < 5) return "just now";
  for (const [limit, unit, word] of [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [14 * 86400, 86400, "d"]]) {
    if (seconds < limit) return `${Math.floor(seconds / unit)} ${word} ago`;
  }
  return then.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
}

// The server's clock counts: a reader's own may be minutes off.
const page = document.documentElement;
const offset = page.dataset.now ? new Date(page.dataset.now) - Date.now() : 0;

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function update() {
  const now = new Date(Date.now() + offset);
  for (const element of document.querySelectorAll("time[data-ago], time[data-since], time[data-clock]")) {
    const then = new Date(element.dateTime);
    if ("ago" in element.dataset) set(element, age(then, now));
    if ("since" in element.dataset) set(element, span((now - then) / 1000));
    if ("clock" in element.dataset) set(element, then.toLocaleTimeString("en-GB"));
    element.title = then.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  }
}

update();
setInterval(() => document.hidden || update(), 1000);
document.addEventListener("visibilitychange", update);
document.addEventListener("htmx:afterSettle", update);
