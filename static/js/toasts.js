// Short sentences after something was done. The region is announced by screen readers; a sentence goes by itself.
const SHOWN_MS = 6000;

export function say(text, tone = "good") {
  const region = document.getElementById("toasts");
  if (!region || !text) return;
  const toast = document.createElement("p");
  toast.className = `toast tone-${tone}`;
  toast.textContent = text;
  region.append(toast);
  setTimeout(() => toast.remove(), tone === "bad" ? 2 * SHOWN_MS : SHOWN_MS);
}

document.addEventListener("hive:said", (event) => say(event.detail.text, event.detail.tone));

// An answer that says nothing itself. Parts of a page that could not be drawn anew are live.js's business.
document.addEventListener("htmx:responseError", (event) => {
  const { xhr, elt } = event.detail;
  if (xhr.getResponseHeader("HX-Trigger") || xhr.getResponseHeader("HX-Redirect") || elt.matches("[data-live]")) return;
  const known = { 403: "You may not do that here.", 404: "That is not there any more.", 429: "Too many requests; wait a moment." };
  say(known[xhr.status] ?? `The server answered ${xhr.status}. Try again, or load the page anew.`, "bad");
});
document.addEventListener("htmx:sendError", (event) => {
  if (!event.detail.elt.matches("[data-live]")) say("The server does not answer. Try again in a moment.", "bad");
});
