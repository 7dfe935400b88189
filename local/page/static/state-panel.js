/** What happened in one state. */

import { html } from "page/html.js";
import { Json } from "page/json.js";

/** The panel of a state: `state` is its name; `loadLogs(visit)` returns a promise of its attempts' log lines. */
export function StatePanel({ document, state, onClose }) {
  const visit = document.visits.findLast((each) => each.state === state);
  return html`
    <section class="state-panel surface" aria-label=${`State ${state}`}>
      <header class="state-head"><h2>${state}</h2><button type="button" onClick=${onClose}>Close</button></header>
      ${visit ? html`<${Json} value=${visit.output} label="output" />` : html`<p class="empty">This state was not visited.</p>`}
    </section>`;
}
