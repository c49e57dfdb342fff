// The spec's editor: line numbers, problems marked at their lines, a file's text put into the field.
const editor = document.querySelector("[data-editor]");
if (editor) begin(editor);

function begin(frame) {
  const area = frame.querySelector("textarea");
  const gutter = document.createElement("div");
  const lines = document.createElement("div");
  gutter.className = "gutter";
  gutter.ariaHidden = "true";
  lines.className = "gutter-lines";
  gutter.append(lines);
  frame.prepend(gutter);
  frame.classList.add("numbered");

  const number = () => {
    const count = area.value.split("\n").length;
    while (lines.childElementCount > count) lines.lastElementChild.remove();
    while (lines.childElementCount < count) {
      const line = document.createElement("div");
      line.textContent = lines.childElementCount + 1;
      lines.append(line);
    }
    scroll();
  };
  const scroll = () => { lines.style.transform = `translateY(${-area.scrollTop}px)`; };
  const markWrong = () => {
    const wrong = new Set([...document.querySelectorAll("[data-problem-line]")].map((one) => Number(one.dataset.problemLine)));
    [...lines.children].forEach((line, index) => line.classList.toggle("wrong", wrong.has(index + 1)));
  };

  area.addEventListener("input", number);
  area.addEventListener("scroll", scroll);
  new ResizeObserver(() => { gutter.style.height = `${area.offsetHeight}px`; }).observe(area);
  document.addEventListener("htmx:afterSettle", markWrong);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-go-to-line]");
    if (!link) return;
    event.preventDefault();
    goTo(area, Number(link.dataset.goToLine), Number(link.dataset.column ?? 1));
  });
  document.querySelector("[data-editor-file]")?.addEventListener("change", (event) => take(event.target, area));
  number();
  markWrong();
}

function goTo(area, line, column) {
  const before = area.value.split("\n").slice(0, line - 1);
  const start = before.join("\n").length + (line > 1 ? 1 : 0);
  const end = area.value.indexOf("\n", start);
  area.focus();
  area.setSelectionRange(Math.min(start + column - 1, end < 0 ? area.value.length : end), end < 0 ? area.value.length : end);
  const height = Number.parseFloat(getComputedStyle(area).lineHeight);
  area.scrollTop = Math.max((line - 6) * height, 0);
}

// A small text goes into the field, to be looked at; anything else is sent as the file that it is.
async function take(input, area) {
  const file = input.files[0];
  if (!file || file.size > 1024 * 1024) return;
  const text = await file.text();
  if (text.includes("\u0000") || text.includes("\ufffd")) return;
  area.value = text;
  input.value = "";
  area.dispatchEvent(new Event("input", { bubbles: true }));
}
