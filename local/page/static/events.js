/** An execution's history as a table. */

import { duration, secondsBetween, timeOfDay } from "page/format.js";
import { html, useMemo, useRef, useState } from "page/html.js";
import { Json } from "page/json.js";

const ROWS = 200;

/** The events of an execution. `selected` is a state's name or null. */
export function Events({ document, selected, onSelect }) {
  const [wanted, setWanted] = useState({ text: "", isOfSelected: false, isNewestFirst: false });
  const [rows, setRows] = useState(ROWS);
  const [open, setOpen] = useState(new Set());
  const states = useMemo(() => statesOf(document.events), [document.events]);
  const found = useFound(document, states, wanted, selected);
  const count = countText(found.length, document.events.length);
  const said = useMemo(() => count, [wanted]); // the filter's doing: events that come while it runs say nothing
  const set = (change) => {
    setWanted({ ...wanted, ...change });
    setRows(ROWS);
  };
  const toggle = (id) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  const start = document.execution.startedAt;
  return html`
    <div class="events">
      <div class="events-filter">
        <input type="search" placeholder="Filter by type, state or content" aria-label="Filter events" value=${wanted.text} onInput=${(event) => set({ text: event.target.value })} />
        ${selected !== null && html`<label><input type="checkbox" checked=${wanted.isOfSelected} onChange=${(event) => set({ isOfSelected: event.target.checked })} /> only <bdi>${selected}</bdi></label>`}
        <label><input type="checkbox" checked=${wanted.isNewestFirst} onChange=${(event) => set({ isNewestFirst: event.target.checked })} /> newest first</label>
        <span class="muted" aria-hidden="true">${count}</span>
        <span class="visually-hidden" role="status">${said}</span>
      </div>
      ${found.length === 0 && html`<p class="empty">${document.events.length ? "No event matches." : "There are no events."}</p>`}
      ${
        found.length > 0 &&
        html`<table>
          <thead><tr><th class="number">Id</th><th>Type</th><th>State</th><th class="number">After</th><th class="events-time">Time</th></tr></thead>
          <tbody>
            ${found.slice(0, rows).map(
              (event) => html`
                <${Row}
                  key=${event.id} event=${event} state=${states.get(event.id)} start=${start} isOpen=${open.has(event.id)}
                  isSelected=${selected !== null && states.get(event.id) === selected} onToggle=${toggle} onSelect=${onSelect}
                />`,
            )}
          </tbody>
        </table>`
      }
      ${
        found.length > rows &&
        html`<p class="events-more">
          <button type="button" onClick=${() => setRows(rows + ROWS)}>Show ${Math.min(ROWS, found.length - rows)} more</button>
          <span class="muted">${rows.toLocaleString("en")} of ${found.length.toLocaleString("en")} shown</span>
        </p>`
      }
    </div>`;
}

/** A name in camel case that may wrap before its capitals. */
function breakable(name) {
  return name.split(/(?<=[a-z])(?=[A-Z])/).map((part, index) => (index ? [html`<wbr />`, part] : part));
}

function countText(found, all) {
  const events = `${all.toLocaleString("en")} ${all === 1 ? "event" : "events"}`;
  return found === all ? events : `${found.toLocaleString("en")} of ${events}`;
}

function Row({ event, state, start, isOpen, isSelected, onToggle, onSelect }) {
  return html`
    <tr class=${isSelected ? "selected" : ""}>
      <td class="number muted">${event.id}</td>
      <td>
        <button type="button" class=${`events-type ${kindOf(event.type)}`} aria-expanded=${isOpen} onClick=${() => onToggle(event.id)}>
          <span class="muted" aria-hidden="true">${isOpen ? "▾" : "▸"}</span> ${breakable(event.type)}
        </button>
      </td>
      <td>${state !== undefined && html`<button type="button" class="events-state" onClick=${() => onSelect(state)}>${breakable(state)}</button>`}</td>
      <td class="number" title=${event.timestamp}>+${duration(secondsBetween(start, event.timestamp))}</td>
      <td class="events-time muted" title=${event.timestamp}>${timeOfDay(event.timestamp)}</td>
    </tr>
    ${isOpen && html`<tr class="events-details"><td colspan="5"><${Json} value=${event} label=${`event ${event.id}`} /></td></tr>`}`;
}

/** The events that the filter leaves. What an event says is spelled out once: events never change. */
function useFound({ execution, events }, states, { text, isOfSelected, isNewestFirst }, selected) {
  const spelled = useRef({ arn: null, texts: new Map() });
  return useMemo(() => {
    if (spelled.current.arn !== execution.arn) spelled.current = { arn: execution.arn, texts: new Map() };
    const { texts } = spelled.current;
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const textOf = (event) => {
      if (!texts.has(event.id))
        texts.set(event.id, `${states.get(event.id) ?? ""} ${JSON.stringify(event)}`.toLowerCase());
      return texts.get(event.id);
    };
    const found = events.filter(
      (event) =>
        (!isOfSelected || selected === null || states.get(event.id) === selected) &&
        words.every((word) => textOf(event).includes(word)),
    );
    return isNewestFirst ? found.reverse() : found;
  }, [events, states, text, isOfSelected, isNewestFirst, selected]);
}

/** The state that each event belongs to, by the event's id: its own, or that of the event before it. */
function statesOf(events) {
  const states = new Map();
  for (const event of events) {
    const own = event.stateEnteredEventDetails ?? event.stateExitedEventDetails;
    const state = own?.name ?? (event.type.startsWith("Execution") ? undefined : states.get(event.previousEventId));
    if (state !== undefined) states.set(event.id, state);
  }
  return states;
}

function kindOf(type) {
  if (/Failed$|TimedOut$|Aborted$/.test(type)) return "failed";
  return /Succeeded$/.test(type) ? "succeeded" : "";
}
