// Terminal colours as elements. Text only ever becomes a text node: nothing that a job prints is read as HTML.

const CONTROL = /\x1b\[([0-9;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]+[0-~]|\x1b[@-_]?|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g;
const SWITCHES = { 1: "b", 2: "d", 3: "i", 4: "u", 9: "s" };
const OFF = { 22: ["b", "d"], 23: ["i"], 24: ["u"], 29: ["s"] };

export const PLAIN = Object.freeze({});

// The line without its control sequences; what stands before a carriage return was overwritten on a terminal.
export function plain(line) {
  const shown = overwritten(line);
  return shown.includes("\x1b") || /[\x00-\x08\x0b-\x1f\x7f]/.test(shown) ? shown.replace(CONTROL, "") : shown;
}

function overwritten(line) {
  const trimmed = line.endsWith("\r") ? line.slice(0, -1) : line;
  const at = trimmed.lastIndexOf("\r");
  return at < 0 ? trimmed : trimmed.slice(at + 1);
}

// The pieces of a line [{text, style}], and the style that goes on to the next line.
export function pieces(line, style) {
  const shown = overwritten(line);
  if (!shown.includes("\x1b") && !/[\x00-\x08\x0b-\x1f\x7f]/.test(shown)) return [[{ text: shown, style }], style];
  const found = [];
  let from = 0;
  for (const match of shown.matchAll(CONTROL)) {
    if (match.index > from) found.push({ text: shown.slice(from, match.index), style });
    if (match[1] !== undefined) style = apply(style, match[1]);
    from = match.index + match[0].length;
  }
  if (from < shown.length) found.push({ text: shown.slice(from), style });
  return [found, style];
}

// The style after this line, without making anything of it.
export function after(line, style) {
  return line.includes("\x1b") ? pieces(line, style)[1] : style;
}

function apply(style, parameters) {
  const codes = parameters.split(/[;:]/).map((one) => Number(one || 0));
  const next = { ...style };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) Object.keys(next).forEach((key) => delete next[key]);
    else if (SWITCHES[code]) next[SWITCHES[code]] = true;
    else if (OFF[code]) OFF[code].forEach((key) => delete next[key]);
    else if (code === 7) next.inverse = true;
    else if (code === 27) delete next.inverse;
    else if (code === 39) delete next.f;
    else if (code === 49) delete next.g;
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(i + 1));
      if (colour !== undefined) next[code === 38 ? "f" : "g"] = colour;
      i += used;
    } else if (code >= 30 && code <= 37) next.f = code - 30;
    else if (code >= 90 && code <= 97) next.f = code - 82;
    else if (code >= 40 && code <= 47) next.g = code - 40;
    else if (code >= 100 && code <= 107) next.g = code - 92;
  }
  return Object.keys(next).length ? next : PLAIN;
}

function extended(codes) {
  if (codes[0] === 5) return [cube(codes[1]), 2];
  if (codes[0] === 2) return [rgb(codes.slice(1, 4)), 4];
  return [undefined, 0];
}

function cube(number) {
  if (!(number >= 0 && number <= 255)) return undefined;
  if (number < 16) return number;
  if (number >= 232) return rgb(Array(3).fill(8 + 10 * (number - 232)));
  const level = (value) => (value ? 55 + 40 * value : 0);
  const rest = number - 16;
  return rgb([level(Math.floor(rest / 36)), level(Math.floor(rest / 6) % 6), level(rest % 6)]);
}

function rgb(parts) {
  return parts.length === 3 && parts.every((part) => part >= 0 && part <= 255) ? `rgb(${parts.join(" ")})` : undefined;
}

// A text node, or a span where there is a style.
export function node(text, style) {
  const words = document.createTextNode(text);
  if (style === PLAIN) return words;
  const span = document.createElement("span");
  const [front, back] = style.inverse ? [style.g ?? 0, style.f ?? 7] : [style.f, style.g];
  for (const name of ["b", "d", "i", "u", "s"]) if (style[name]) span.classList.add(`ansi-${name}`);
  colour(span, "f", "color", front);
  colour(span, "g", "backgroundColor", back);
  span.append(words);
  return span;
}

function colour(span, letter, property, value) {
  if (typeof value === "number") span.classList.add(`ansi-${letter}${value}`);
  else if (value) span.style[property] = value;
}
