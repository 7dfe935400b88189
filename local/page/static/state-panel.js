/** What happened in one state: input, output, variables, error, attempts, logs, and its definition. */

import { duration, secondsBetween } from "page/format.js";
import { html, useMemo, useState } from "page/html.js";
import { icon } from "page/icons.js";
import { Json } from "page/json.js";
import { layoutOf } from "page/layout.js";
import { Logs } from "page/logs.js";
import { useTime } from "page/reading.js";
import { TabPanel, Tabs } from "page/tabs.js";
import { mapRunsByState, retriesOf, retriesText } from "page/visited.js";

/** The panel of a state: `state` is its name; `loadLogs(visit)` returns a promise of its attempts' log lines, null where there are none. */
export function StatePanel({ document, reading, state, loadLogs, onClose }) {
  const now = useTime(reading);
  const [wanted, setWanted] = useState({ state: null, tab: null, eventId: null });
  const nodes = layoutOf(document.definition).nodes;
  const node = nodes.find((each) => each.name === state && each.type !== "Start" && each.type !== "End");
  const visits = document.visits.filter((visit) => visit.state === state);
  const visit = visits.find((each) => each.eventId === wanted.eventId) ?? visits.at(-1) ?? null;
  const tabs = tabsOf({ document, now, node, visit, loadLogs });
  const isOther = wanted.state !== state && visit?.error;
  const tab = (!isOther && tabs.find((each) => each.name === wanted.tab)) || tabs[0];
  return html`
    <section class="state-panel surface" aria-label=${`State ${state}`}>
      <header class="state-head">
        <span class="state-icon">${icon(node?.service.service)}</span>
        <h2><bdi>${state}</bdi></h2>
        <button type="button" class="state-close" aria-label="Close" onClick=${onClose}>✕</button>
      </header>
      ${node?.state?.Comment && html`<p class="state-comment muted">${String(node.state.Comment)}</p>`}
      <${Facts} document=${document} node=${node} now=${now} visits=${visits} visit=${visit} onVisit=${(eventId) => setWanted({ state, tab: tab?.name, eventId })} />
      ${!visit && html`<p class="state-unvisited muted">${whyUnvisited(document, node, nodes)}</p>`}
      ${tab && html`<${Tabs} id="state-view" label="About this state" tabs=${tabs} chosen=${tab.name} onChoose=${(name) => setWanted({ ...wanted, state, tab: name })} />`}
      ${tab && html`<${TabPanel} id="state-view" name=${tab.name} key=${`${state} ${tab.name} ${visit?.eventId}`}>${tab.content()}<//>`}
    </section>`;
}

function tabsOf({ document, now, node, visit, loadLogs }) {
  const tabs = [];
  const add = (name, content, count) => tabs.push({ name, content, count });
  if (visit?.error) add("Error", () => html`<${Failure} error=${visit.error} cause=${visit.cause} />`);
  if (visit) {
    const isRunning = visit.status === "RUNNING";
    const hasOutput = visit.output !== null && visit.output !== undefined;
    add("Input", () => html`<${Json} value=${visit.input} label="input" />`);
    add("Output", () =>
      hasOutput
        ? html`<${Json} value=${visit.output} label="output" />`
        : html`<p class="empty">${isRunning ? "None yet: the state is running." : "This visit gave no output."}</p>`,
    );
    if (visit.assigned) add("Variables", () => html`<${Variables} assigned=${visit.assigned} />`);
    if (visit.attempts.length) {
      add(
        "Attempts",
        () => html`<${Attempts} visit=${visit} start=${document.execution.startedAt} now=${now} />`,
        visit.attempts.length,
      );
      if (loadLogs) add("Logs", () => html`<${Logs} visit=${visit} loadLogs=${loadLogs} />`);
    }
  }
  if (node?.state) add("Definition", () => html`<${Json} value=${node.state} label="definition" />`);
  return tabs;
}

function whyUnvisited(document, node, nodes) {
  if (node?.type === "Missing") return "An edge leads here, but the definition has no state of this name.";
  for (let parent = node?.parent; parent; parent = nodes.find((each) => each.id === parent)?.parent) {
    const around = nodes.find((each) => each.id === parent);
    if ((around?.state?.ItemProcessor ?? around?.state?.Iterator)?.ProcessorConfig?.Mode === "DISTRIBUTED") {
      return `${around.name} runs this state in child executions, each with a history of its own.`;
    }
  }
  return document.execution.status === "RUNNING" ? "Not visited so far." : "This execution did not visit the state.";
}

function Facts({ document, now, node, visits, visit, onVisit }) {
  const run = useMemo(() => mapRunsByState(document).get(node?.name), [document, node?.name]);
  const { service = "", action = "" } = node?.service ?? {};
  const kind = node?.type === "Task" ? [service, action].filter(Boolean).join(" ") : (node?.type ?? "unknown");
  const retries = visit ? retriesOf([visit]) : 0;
  return html`
    <div class="state-facts">
      <span class="muted">${kind}</span>
      ${visit && html`<span class=${`chip ${visit.status.toLowerCase()}`}>${visit.status}</span>`}
      ${visit && html`<span>${duration(secondsBetween(visit.enteredAt, visit.leftAt, now))}</span>`}
      ${retries > 0 && html`<span class="state-retries">${retriesText(retries)}</span>`}
      ${
        visits.length > 1 &&
        html`<select aria-label="Visit" value=${visit.eventId} onChange=${(event) => onVisit(Number(event.target.value))}>
          ${visits.map((each, index) => html`<option key=${each.eventId} value=${each.eventId}>Visit ${index + 1} of ${visits.length}, ${each.status.toLowerCase()}</option>`)}
        </select>`
      }
    </div>
    ${run && html`<${MapRun} run=${run} />`}`;
}

function MapRun({ run }) {
  const counts = run.itemCounts ?? {};
  const names = ["succeeded", "running", "pending", "failed", "timedOut", "aborted"];
  const shown = names.filter((name) => name === "succeeded" || counts[name] > 0);
  return html`
    <dl class="state-map">
      <div><dt>Items</dt><dd>${counts.total ?? "–"}</dd></div>
      ${shown.map((name) => html`<div key=${name}><dt>${name === "timedOut" ? "Timed out" : `${name[0].toUpperCase()}${name.slice(1)}`}</dt><dd>${counts[name] ?? "–"}</dd></div>`)}
      <div><dt>At a time</dt><dd>${run.maxConcurrency || "any number"}</dd></div>
      <div><dt>Failures tolerated</dt><dd>${run.toleratedFailureCount || `${run.toleratedFailurePercentage ?? 0} %`}</dd></div>
    </dl>`;
}

function Failure({ error, cause }) {
  const message = messageIn(cause);
  return html`
    <p class="state-error">${error}</p>
    ${message && html`<p class="state-message">${message}</p>`}
    ${cause ? html`<${Json} value=${cause} label="cause" />` : html`<p class="muted">No cause was given.</p>`}`;
}

/** What a cause says in plain words: a Lambda's error message, why a container stopped; "" where it is text itself. */
function messageIn(cause) {
  try {
    const facts = JSON.parse(cause);
    const said = facts.errorMessage ?? facts.StoppedReason ?? "";
    return typeof said === "string" ? said : "";
  } catch {
    return "";
  }
}

function Variables({ assigned }) {
  const isSmall = (value) => value === null || typeof value !== "object";
  const variables = Object.entries(assigned).sort(([, a], [, b]) => isSmall(b) - isSmall(a));
  return html`${variables.map(
    ([name, value]) => html`
      <div class=${`state-variable${isSmall(value) ? " small" : ""}`} key=${name}>
        <h3>$${name}</h3>
        <${Json} value=${value} label=${name} />
      </div>`,
  )}`;
}

function Attempts({ visit, start, now }) {
  const [open, setOpen] = useState(null);
  return html`
    <div class="state-scroll">
      <table class="state-attempts">
        <thead>
          <tr><th class="number">#</th><th class="number">Start</th><th class="number">Waited</th><th class="number">Took</th><th>Status</th><th></th></tr>
        </thead>
        <tbody>
          ${visit.attempts.map(
            (attempt) => html`
              <tr key=${attempt.number}>
                <td class="number">${attempt.number}</td>
                <td class="number" title=${attempt.startedAt}>+${duration(secondsBetween(start, attempt.startedAt))}</td>
                <td class="number">${attempt.waitSeconds ? duration(attempt.waitSeconds) : "–"}</td>
                <td class="number">${duration(secondsBetween(attempt.startedAt, attempt.endedAt, now))}</td>
                <td>
                  <span class=${`chip ${attempt.status.toLowerCase()}`}>${attempt.status}</span>
                  ${attempt.error && html`<div class="state-attempt-error">${attempt.error}</div>`}
                </td>
                <td>
                  <button
                    type="button" class="state-more" aria-expanded=${open === attempt.number} aria-label=${`Details of attempt ${attempt.number}`}
                    onClick=${() => setOpen(open === attempt.number ? null : attempt.number)}
                  >${open === attempt.number ? "▴" : "▾"}</button>
                </td>
              </tr>
              ${open === attempt.number && html`<tr key=${`${attempt.number} details`}><td colspan="6"><${AttemptDetails} attempt=${attempt} /></td></tr>`}`,
          )}
        </tbody>
      </table>
    </div>`;
}

function AttemptDetails({ attempt }) {
  return html`
    ${attempt.error && html`<${Failure} error=${attempt.error} cause=${attempt.cause} />`}
    <h3>What ${attempt.resource || "the service"} was asked</h3>
    <${Json} value=${attempt.parameters ?? null} label=${`parameters of attempt ${attempt.number}`} />`;
}
