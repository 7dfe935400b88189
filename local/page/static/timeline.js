/** Visits and attempts on one time axis. */

import { html } from "page/html.js";

/** The timeline of an execution. `selected` is a state's name or null. */
export function Timeline({ document, selected, onSelect }) {
  return html`
    <ol class="timeline">
      ${document.visits.map(
        (visit) => html`
          <li key=${visit.eventId}>
            <button type="button" aria-pressed=${visit.state === selected} onClick=${() => onSelect(visit.state)}>${visit.state}</button>
          </li>`,
      )}
    </ol>`;
}
