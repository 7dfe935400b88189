/** The one-shots as a table. Of thousands only the rows that are to be seen are in the page. */

import { html, useEffect, useLayoutEffect, useRef, useState } from "page/html.js";
import { clock, coefficient, gain, hertz, number, semitoneCents, span, text } from "page/measures.js";

const ROW_PIXELS = 40; // until one is measured
const SPARE_ROWS = 12;
const ABOUT_SHOWN = 30;

/** The columns: the title, how it is sorted, what it is; the cells are in Row. */
const COLUMNS = [
  { name: "index", title: "#", by: (cut) => cut.index },
  {
    name: "start",
    title: "Start",
    by: (cut) => cut.startSeconds,
    meaning: "In the recording, a few ms of pre-roll included",
  },
  { name: "end", title: "End", by: (cut) => cut.endSeconds },
  { name: "duration", title: "Duration", by: (cut) => cut.durationSeconds },
  { name: "lufs", title: "LUFS", by: (cut) => cut.loudness.lufs, meaning: "Highest momentary loudness after gain" },
  { name: "gain", title: "Gain, dB", by: (cut) => cut.loudness.gainDb, meaning: "Applied to the recorded level" },
  { name: "peak", title: "dBTP", by: (cut) => cut.loudness.truePeakDbtp, meaning: "True peak after gain" },
  { name: "pitch", title: "Pitch", by: (cut) => cut.descriptors?.pitchHz },
  { name: "kind", title: "Kind", by: (cut) => cut.descriptors?.kind, meaning: "And its probability" },
  {
    name: "attack",
    title: "Attack",
    by: (cut) => cut.descriptors?.attackSeconds,
    meaning: "10 % to 90 % of the envelope's peak",
  },
  {
    name: "brightness",
    title: "Bright.",
    by: (cut) => cut.descriptors?.brightness,
    meaning: "Brightness: share of the energy above 1500 Hz",
  },
];

/** What the titles of columns say to a pointer, for whoever has none. */
export const COLUMN_MEANINGS = COLUMNS.filter(({ meaning }) => meaning).map(({ title, meaning }) => ({
  term: title,
  meaning,
}));

/** `sorted` are the one-shots in `order`; `actions(cut)` gives the buttons of a row. */
export function OneShotTable({ sorted, order, onOrder, selected, onSelect, actions }) {
  const { box, first, end, above, below } = useShownRows(sorted.length);
  useReveal(box, sorted, selected);
  useFocusOf(box, selected);
  const sort = (name) => onOrder({ name, isDescending: order.name === name && !order.isDescending });
  return html`<div class="one-shots surface" ref=${box} tabindex="-1">
    <table aria-rowcount=${sorted.length + 1} aria-label="One-shots">
      <thead>
        <tr>
          ${COLUMNS.map(
            ({ name, title, meaning }) => html`<th
              key=${name}
              class=${name}
              scope="col"
              title=${meaning}
              aria-sort=${order.name === name ? (order.isDescending ? "descending" : "ascending") : undefined}
            >
              <button type="button" class="sort" onClick=${() => sort(name)}>
                ${title}<span aria-hidden="true">${order.name === name ? (order.isDescending ? " ↓" : " ↑") : ""}</span>
              </button>
            </th>`,
          )}
          <th class="hear" scope="col"><span class="visually-hidden">Hear and download</span></th>
        </tr>
      </thead>
      <tbody>
        ${above > 0 && html`<tr class="space" aria-hidden="true" style=${{ height: `${above}px` }}></tr>`}
        ${sorted.slice(first, end).map(
          (cut, at) => html`<${Row}
            key=${cut.index}
            cut=${cut}
            place=${first + at + 2}
            isSelected=${cut.index === selected}
            onSelect=${onSelect}
            actions=${actions}
          />`,
        )}
        ${below > 0 && html`<tr class="space" aria-hidden="true" style=${{ height: `${below}px` }}></tr>`}
      </tbody>
    </table>
  </div>`;
}

function Row({ cut, place, isSelected, onSelect, actions }) {
  const { descriptors, loudness } = cut;
  return html`<tr
    class="one-shot ${isSelected ? "selected" : ""} ${cut.index % 2 ? "odd" : "even"}"
    data-index=${cut.index}
    aria-rowindex=${place}
    aria-current=${isSelected ? "true" : undefined}
    onClick=${() => onSelect(cut.index)}
  >
    <td class="index"><span class="cut-number">${cut.index}</span></td>
    <td class="start" data-label="Start">${clock(cut.startSeconds)}</td>
    <td class="end" data-label="End">${clock(cut.endSeconds)}</td>
    <td class="duration" data-label="Duration">${span(cut.durationSeconds)}</td>
    <td class="lufs" data-label="LUFS">${number(loudness.lufs, 1)}</td>
    <td class="gain" data-label="dB">${gain(loudness.gainDb).replace(" dB", "")}</td>
    <td class="peak" data-label="dBTP">${number(loudness.truePeakDbtp, 1)}</td>
    <td class="pitch" data-label="Pitch"><${Pitch} descriptors=${descriptors} /></td>
    <td class="kind" data-label="Kind">
      <bdi>${text(descriptors?.kind)}</bdi>${" "}
      ${descriptors?.kind && html`<span class="muted">${number(descriptors.kindConfidence, 2)}</span>`}
    </td>
    <td class="attack" data-label="Attack">${span(descriptors?.attackSeconds)}</td>
    <td class="brightness" data-label="Brightness">${coefficient(descriptors?.brightness)}</td>
    <td class="hear">${actions(cut)}</td>
  </tr>`;
}

/** C2 64.3 Hz −30 ct. */
export function Pitch({ descriptors }) {
  if (!descriptors?.noteName) return text(null);
  return html`<strong><bdi>${descriptors.noteName}</bdi></strong>${" "}
    <span class="muted">${hertz(descriptors.pitchHz)} ${semitoneCents(descriptors.cents)}</span>`;
}

/** The one-shots by a column; those without a value come last. */
export function inOrder(cuts, { name, isDescending }) {
  const { by } = COLUMNS.find((column) => column.name === name);
  const isNothing = (value) => value === null || value === undefined;
  const direction = isDescending ? -1 : 1;
  return [...cuts].sort((one, other) => {
    const [a, b] = [by(one), by(other)];
    if (isNothing(a) || isNothing(b)) return isNothing(a) - isNothing(b) || one.index - other.index;
    if (a === b) return one.index - other.index;
    return a < b ? -direction : direction;
  });
}

/** Which rows the scrolled box shows, and how tall what is above and below them is. */
function useShownRows(count) {
  const box = useRef(null);
  const [place, setPlace] = useState({ first: 0, end: ABOUT_SHOWN, row: ROW_PIXELS });
  useLayoutEffect(() => {
    const element = box.current;
    const measure = () => {
      const row = element.querySelector("tr.one-shot")?.getBoundingClientRect().height || ROW_PIXELS;
      const first = Math.max(0, Math.floor(element.scrollTop / row) - SPARE_ROWS);
      const end = Math.ceil((element.scrollTop + element.clientHeight) / row) + SPARE_ROWS;
      setPlace((was) => (was.first === first && was.end === end && was.row === row ? was : { first, end, row }));
    };
    measure();
    element.addEventListener("scroll", measure, { passive: true });
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => {
      element.removeEventListener("scroll", measure);
      watch.disconnect();
    };
  }, [count]);
  const end = Math.min(count, place.end);
  const first = Math.min(place.first, end);
  return { box, first, end, above: first * place.row, below: (count - end) * place.row };
}

/** Scrolls the box, and nothing around it, so that the selected row is in it. */
function useReveal(box, sorted, selected) {
  useEffect(() => {
    const element = box.current;
    const row = element.querySelector("tr.one-shot")?.getBoundingClientRect().height;
    const at = sorted.findIndex((cut) => cut.index === selected);
    if (!row || at < 0) return;
    const head = element.querySelector("thead").getBoundingClientRect().height;
    const [top, bottom] = [at * row, (at + 1) * row + head];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  }, [selected, sorted]);
}

/** A row whose button has the focus gives it to the same button of the row that is selected next: Enter is for what is selected. */
function useFocusOf(box, selected) {
  useLayoutEffect(() => {
    const focused = document.activeElement;
    const row = focused?.closest("tr.one-shot");
    if (!row || !box.current.contains(row) || row.dataset.index === String(selected)) return;
    const place = [...row.querySelectorAll(".row-actions > *")].indexOf(focused);
    const next = box.current.querySelectorAll(`tr[data-index="${selected}"] .row-actions > *`)[place];
    (next?.matches("button:enabled, a") ? next : box.current).focus({ preventScroll: true });
  }, [box, selected]);
}
