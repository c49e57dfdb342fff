// Asks before what cannot be taken back, in a dialog of the page's own.
const dialog = document.getElementById("confirm");

document.addEventListener("htmx:confirm", (event) => {
  const question = event.detail.question;
  if (!question || !dialog) return;
  event.preventDefault();
  ask(question).then((yes) => yes && event.detail.issueRequest(true));
});

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm;
  if (!question || !dialog || event.target.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { target, submitter } = event;
  ask(question).then((yes) => {
    if (!yes) return;
    target.dataset.confirmed = "true";
    target.requestSubmit(submitter);
  });
}, { capture: true });

function ask(question) {
  dialog.querySelector("[data-question]").textContent = question;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
