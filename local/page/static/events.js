/** An execution's history as a table. */

import { html } from "page/html.js";

/** The events of an execution. `selected` is a state's name or null. */
export function Events({ document }) {
  return html`
    <table class="events">
      ${document.events.slice(0, 200).map((event) => html`<tr key=${event.id}><td>${event.id}</td><td>${event.type}</td></tr>`)}
    </table>`;
}
