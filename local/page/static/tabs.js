/** Tabs as the ARIA practices have them: arrow keys, Home and End move, one tab is in the tab order. */

import { html } from "page/html.js";

/** `tabs` are `{name, count}`, a count shown from 2 on; what the chosen one shows goes into a `TabPanel` of the same id. */
export function Tabs({ id, label, tabs, chosen, onChoose }) {
  function move(event) {
    const here = tabs.findIndex(({ name }) => name === chosen);
    const there = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (there === undefined) return;
    event.preventDefault();
    const next = (there + tabs.length) % tabs.length;
    onChoose(tabs[next].name);
    event.currentTarget.children[next].focus();
  }
  return html`<div class="tabs" role="tablist" aria-label=${label} onKeyDown=${move}>
    ${tabs.map(
      ({ name, count }) => html`<button
        type="button"
        role="tab"
        key=${name}
        aria-selected=${name === chosen ? "true" : "false"}
        aria-controls=${name === chosen ? id : undefined}
        tabindex=${name === chosen ? 0 : -1}
        onClick=${() => onChoose(name)}
      >
        ${name}${count > 1 && html`<span class="tab-count">${count}</span>`}
      </button>`,
    )}
  </div>`;
}

export function TabPanel({ id, name, children }) {
  return html`<div class="tab-panel" role="tabpanel" id=${id} aria-label=${name}>${children}</div>`;
}
