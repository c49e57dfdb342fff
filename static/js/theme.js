// The switch works as a form; here it does without loading the page again. The cookie makes the next first paint right.
const YEAR_S = 365 * 24 * 3600;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-theme-switch]") || !event.submitter) return;
  event.preventDefault();
  const chosen = event.submitter.value;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${chosen}; path=/; max-age=${YEAR_S}; samesite=lax${secure}`;
  document.documentElement.dataset.theme = chosen;
  for (const button of form.querySelectorAll("button")) button.ariaPressed = String(button.value === chosen);
});
