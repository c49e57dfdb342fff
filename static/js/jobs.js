// Choosing a job in the plan, the timeline or the events shows its log on this page. Without scripts it is a link.
/* global htmx */

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-job]");
  const pane = document.getElementById("part-log");
  if (!link || !pane || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  choose(pane, link.dataset.job);
});

async function choose(pane, job) {
  const page = new URL(location.href);
  page.searchParams.set("job", job);
  history.replaceState(history.state, "", page);
  const part = new URL(pane.getAttribute("hx-get"), location.href);
  part.searchParams.set("job", job);
  await htmx.ajax("GET", `${part.pathname}${part.search}`, { target: "#part-log", swap: "morph" });
  const shown = document.getElementById("part-log");
  shown.scrollIntoView({ behavior: "smooth", block: "start" });
  shown.querySelector(".log-view")?.focus({ preventScroll: true });
  mark();
}

// From now on the part asks for this very job, and not for the one that runs.
document.addEventListener("hive:pin", (event) => {
  const pane = event.target.closest("#part-log");
  if (!pane?.dataset.jobShown) return;
  const part = new URL(pane.getAttribute("hx-get"), location.href);
  if (part.searchParams.has("job")) return;
  part.searchParams.set("job", pane.dataset.jobShown);
  pane.setAttribute("hx-get", `${part.pathname}${part.search}`);
  htmx.process(pane);
});

// The row of the job whose log is shown.
function mark() {
  const shown = document.getElementById("part-log")?.dataset.jobShown;
  for (const row of document.querySelectorAll("[data-row-of]")) row.dataset.shown = String(row.dataset.rowOf === shown);
}

mark();
document.addEventListener("htmx:afterSettle", mark);
