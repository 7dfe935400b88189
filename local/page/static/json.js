/** A value as indented, coloured JSON, or a text as it is; copyable. */

import { html, useEffect, useMemo, useRef, useState } from "page/html.js";

const SHOWN_LINES = 40;
const SPARE_LINES = 8;
const SHOWN_CHARACTERS = 5000;
const DEEPEST = 60;
const COLOURED_CHARACTERS = 200_000;
const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

/**
 * `value` may be anything that JSON can hold. A text that holds JSON, as causes do, is shown as that, however deep it
 * lies; what is copied is the value as it was.
 */
export function Json({ value, label }) {
  const [isWhole, setWhole] = useState(false);
  const { text, original, isJson } = useMemo(() => textOf(value), [value]);
  const lines = useMemo(() => text.split("\n"), [text]);
  const isLong = lines.length > SHOWN_LINES + SPARE_LINES || text.length > SHOWN_CHARACTERS;
  const shown = isWhole || !isLong ? text : lines.slice(0, SHOWN_LINES).join("\n").slice(0, SHOWN_CHARACTERS);
  const pieces = useMemo(
    () => (isJson && shown.length <= COLOURED_CHARACTERS ? coloured(shown) : shown),
    [shown, isJson],
  );
  return html`
    <div class="json">
      <${CopyButton} text=${original} label=${label} />
      <pre tabindex="0" role="region" aria-label=${label}>${pieces}${!isWhole && isLong ? "\n…" : ""}</pre>
      ${
        isLong &&
        html`<button type="button" class="json-more" aria-expanded=${isWhole} onClick=${() => setWhole(!isWhole)}>
          ${isWhole ? "Show less" : wholeText(lines.length, text.length)}
        </button>`
      }
    </div>`;
}

function wholeText(lines, characters) {
  return lines > SHOWN_LINES
    ? `Show all ${lines.toLocaleString("en")} lines`
    : `Show all ${characters.toLocaleString("en")} characters`;
}

/** Copies a text; says so for two seconds. */
export function CopyButton({ text, label }) {
  const [said, setSaid] = useState("");
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const onClick = async () => {
    setSaid((await copied(text)) ? "Copied" : "Not copied");
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setSaid(""), 2000);
  };
  return html`
    <button type="button" class="json-copy" onClick=${onClick} aria-label=${label ? `Copy ${label}` : "Copy"}>
      <span aria-live="polite">${said || "Copy"}</span>
    </button>`;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
  }
}

/** The way for pages without a secure context (http on another host, some browsers' file:). */
function copiedBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  const focused = document.activeElement;
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}

function textOf(value) {
  const original = typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
  const unfolded = unfold(value);
  if (typeof unfolded === "string" && unfolded === value) return { text: value, original, isJson: false };
  return { text: JSON.stringify(unfolded, null, 2) ?? "", original, isJson: true };
}

/** A value with the texts in it that hold an object or an array as those. */
export function unfold(value, depth = 0) {
  if (depth > DEEPEST) return value;
  if (typeof value === "string") return unfoldText(value, depth);
  if (Array.isArray(value)) return value.map((each) => unfold(each, depth + 1));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unfold(each, depth + 1)]));
}

function unfoldText(text, depth) {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return unfold(JSON.parse(text), depth + 1);
  } catch {
    return text;
  }
}

function coloured(text) {
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(TOKENS)) {
    const [whole, quoted, colon, word] = match;
    if (match.index > end) pieces.push(text.slice(end, match.index));
    const kind = quoted ? (colon ? "key" : "string") : word ? "word" : "figure";
    pieces.push(html`<span class=${`json-${kind}`}>${quoted ?? whole}</span>`);
    if (colon) pieces.push(colon);
    end = match.index + whole.length;
  }
  pieces.push(text.slice(end));
  return pieces;
}
