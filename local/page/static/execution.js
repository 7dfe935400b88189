/** An execution: its head, and the views of it. The page and the report show the same. */

import { Events } from "page/events.js";
import { duration, secondsBetween } from "page/format.js";
import { Graph } from "page/graph.js";
import { html, useState } from "page/html.js";
import { Json } from "page/json.js";
import { useNow } from "page/polling.js";
import { Recording, Records } from "page/recording.js";
import { StatePanel } from "page/state-panel.js";
import { Status } from "page/status.js";
import { Timeline } from "page/timeline.js";

/**
 * Shows a document of an execution (see docs/report.md). `fileUrl(name)` is where a file of its recording is, or null;
 * `loadLogs(visit)` promises the lines of a visit's attempts, `loadOneShots()` the items that a document leaves out.
 */
export function ExecutionView({ document, fileUrl, loadLogs, loadOneShots, isLive, actions }) {
  const [tab, setTab] = useState("Graph");
  const [state, setState] = useState(null);
  const { execution, recording } = document;
  const tabs = ["Graph", "Timeline", "Events", ...(recording ? ["Recording", "Record"] : []), "Input and output"];
  const select = (name) => setState(name === state ? null : name);
  const panel =
    state &&
    html`<${StatePanel} key=${state} document=${document} state=${state} loadLogs=${loadLogs} onClose=${() => setState(null)} />`;
  const views = {
    Graph: () => html`<div class=${panel ? "beside" : ""}>
      <${Graph} document=${document} selected=${state} onSelect=${select} />${panel}
    </div>`,
    Timeline: () => html`<div class=${panel ? "beside" : ""}>
      <${Timeline} document=${document} selected=${state} onSelect=${select} />${panel}
    </div>`,
    Events: () => html`<${Events} document=${document} selected=${state} onSelect=${setState} />`,
    Recording: () => html`<${Recording} recording=${recording} fileUrl=${fileUrl} isLive=${isLive} />`,
    Record: () => html`<${Records} recording=${recording} loadOneShots=${loadOneShots} />`,
    "Input and output": () => html`<${InputAndOutput} execution=${execution} />`,
  };
  return html`<article class="execution-view">
    <${Head} document=${document} actions=${actions} />
    <${Problem} execution=${execution} />
    <${NotRead} notRead=${document.notRead} />
    <${Tabs} names=${tabs} chosen=${tab} onChoose=${setTab} />
    <div class="view" role="tabpanel" aria-label=${tab} onKeyDown=${(event) => event.key === "Escape" && setState(null)}>
      ${views[tab]()}
    </div>
  </article>`;
}

function Head({ document, actions }) {
  const { execution, recording, visits } = document;
  const state = visits.at(-1)?.state;
  const now = useNow(execution.status === "RUNNING");
  const stopped = execution.stoppedAt ?? new Date(now).toISOString();
  const retries = retriesOf(visits);
  return html`<header class="execution-head">
    <div>
      <h1>${recording?.source.name ?? execution.name} <${Status} execution=${{ ...execution, state }} /></h1>
      <p class="muted facts">
        <span>${execution.machine}</span>
        <span>${new Date(execution.startedAt).toLocaleString()}</span>
        <span>${duration(secondsBetween(execution.startedAt, stopped))}</span>
        ${retries > 0 && html`<span>${retries === 1 ? "1 retry" : `${retries} retries`}</span>`}
        <span class="arn" title="The execution's ARN">${execution.arn}</span>
      </p>
    </div>
    ${actions}
  </header>`;
}

/** How often a Task that had failed was tried again: by a Retry, or because a Catch led back to it. */
export function retriesOf(visits) {
  const attempts = new Map();
  for (const visit of visits.filter(({ type }) => type === "Task")) {
    attempts.set(visit.state, [...(attempts.get(visit.state) ?? []), ...visit.attempts]);
  }
  const ofState = (tried) => tried.filter(({ error }, at) => error !== null && at < tried.length - 1).length;
  return [...attempts.values()].reduce((sum, tried) => sum + ofState(tried), 0);
}

function Problem({ execution }) {
  if (!execution.error) return null;
  return html`<div class="problem" role="status">
    <strong>${execution.error}</strong>
    ${execution.cause && html`<span>${execution.cause}</span>`}
  </div>`;
}

/** What whoever looks may not read, or what could not be read. */
function NotRead({ notRead }) {
  if (notRead.length === 0) return null;
  return html`<section class="surface not-read" aria-label="Not read">
    <h2>Not everything could be read</h2>
    <ul>${notRead.map((text) => html`<li key=${text}>${text}</li>`)}</ul>
  </section>`;
}

/** Tabs as the ARIA practices have them: arrow keys move, one is in the tab order. */
function Tabs({ names, chosen, onChoose }) {
  function move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = (names.indexOf(chosen) + step + names.length) % names.length;
    onChoose(names[next]);
    event.currentTarget.children[next].focus();
  }
  return html`<div class="tabs" role="tablist" aria-label="Views" onKeyDown=${move}>
    ${names.map(
      (name) => html`<button
        type="button"
        role="tab"
        key=${name}
        aria-selected=${name === chosen ? "true" : "false"}
        tabindex=${name === chosen ? 0 : -1}
        onClick=${() => onChoose(name)}
      >
        ${name}
      </button>`,
    )}
  </div>`;
}

function InputAndOutput({ execution }) {
  return html`<div class="two-columns">
    <section><h2>Input</h2><${Json} value=${execution.input} label="Input" /></section>
    <section>
      <h2>Output</h2>
      ${
        execution.output === null
          ? html`<p class="empty">${execution.status === "RUNNING" ? "It still runs." : "It ended without one."}</p>`
          : html`<${Json} value=${execution.output} label="Output" />`
      }
    </section>
  </div>`;
}
