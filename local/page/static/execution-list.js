/** The list of executions: what runs, what became of what ran; filtered as one types. */

import { get } from "page/api.js";
import { duration, secondsBetween } from "page/format.js";
import { html, memo, useMemo, useRef, useState } from "page/html.js";
import { useNow, usePolling } from "page/polling.js";
import { addressOf } from "page/route.js";
import { outcome, Status } from "page/status.js";

const EVERY = "";
const POLL_SECONDS = 0.5;

/**
 * Keeps up with the list: which engine's it is, its executions, newest first (null before the first answer), how many
 * faults are set, and the last error.
 */
export function useExecutions() {
  const known = useRef(NOTHING_KNOWN);
  const [executions, setExecutions] = useState(null);
  const [told, setTold] = useState({ list: null, faults: 0 });
  const error = usePolling(
    async () => {
      const answer = await get(`/api/executions?since=${known.current.revision}`);
      if (answer.list !== known.current.list) {
        // the first answer, or another engine's, at the same port: what is known is not of it
        const isNew = known.current.list !== null && known.current.revision > 0;
        known.current = { ...NOTHING_KNOWN, list: answer.list, byArn: new Map() };
        if (isNew) return;
      }
      known.current.revision = answer.revision;
      setTold((before) =>
        before.list === answer.list && before.faults === answer.faults
          ? before
          : { list: answer.list, faults: answer.faults },
      );
      for (const execution of answer.executions) known.current.byArn.set(execution.arn, execution);
      if (answer.executions.length > 0 || known.current.byArn.size === 0) {
        setExecutions([...known.current.byArn.values()].reverse());
      }
    },
    () => POLL_SECONDS,
    [],
  );
  return { ...told, executions, error };
}

const NOTHING_KNOWN = { list: null, revision: 0, byArn: new Map() };

export function ExecutionList({ executions, filter, stack, isBusy, onFilter, onSample, onUpload }) {
  const shown = useMemo(
    () => (executions ?? []).filter((execution) => matches(execution, filter)),
    [executions, filter],
  );
  const machines = useMemo(() => [...new Set((executions ?? []).map(({ machine }) => machine))].sort(), [executions]);
  const now = useNow(shown.some(({ status }) => status === "RUNNING"));
  if (executions === null) return html`<p class="empty">Loading …</p>`;
  if (executions.length === 0)
    return html`<${NothingYet} stack=${stack} isBusy=${isBusy} onSample=${onSample} onUpload=${onUpload} />`;
  return html`<section aria-labelledby="executions">
    <h1 id="executions" class="visually-hidden">Executions</h1>
    <${Filter} filter=${filter} machines=${machines} onFilter=${onFilter} />
    <p class="muted count">${counted(shown.length, executions.length)}</p>
    ${
      shown.length === 0
        ? html`<p class="empty surface">None of them is like this. <button type="button" onClick=${() => onFilter(NO_FILTER)}>Show all</button></p>`
        : html`<div class="surface executions" role="table" aria-label="Executions">
            <div class="execution head" role="row">
              ${HEADINGS.map(([heading, name]) => html`<span role="columnheader" class=${name}>${heading}</span>`)}
            </div>
            ${shown.map(
              (execution) =>
                html`<${Row} key=${execution.arn} execution=${execution} now=${execution.status === "RUNNING" ? now : 0} />`,
            )}
          </div>`
    }
  </section>`;
}

export const NO_FILTER = { text: "", outcome: EVERY, machine: EVERY };
export const FIRST_FILTER = { ...NO_FILTER, machine: "ProcessRecording" };
const OUTCOMES = [
  "Running",
  "Processed",
  "Rejected",
  "Failed",
  "Already processed",
  "Succeeded",
  "Timed out",
  "Aborted",
];
const HEADINGS = [
  ["Status", "status"],
  ["Recording", "subject"],
  ["User", "user"],
  ["Result", "result"],
  ["Retries", "retries"],
  ["Started", "started"],
  ["Took", "took"],
];

function matches(execution, filter) {
  if (filter.machine && execution.machine !== filter.machine) return false;
  if (filter.outcome && outcome(execution).word !== filter.outcome) return false;
  const { recording, user, name, state, result, error, machine } = execution;
  const text = filter.text.trim().toLowerCase();
  return !text || [recording, user, name, state, result, error, machine].join("\n").toLowerCase().includes(text);
}

function counted(shown, all) {
  if (shown === all) return all === 1 ? "1 execution" : `${all} executions`;
  return `${shown} of ${all} executions`;
}

function Filter({ filter, machines, onFilter }) {
  const set = (name) => (event) => onFilter({ ...filter, [name]: event.currentTarget.value });
  return html`<form class="filter" role="search" onSubmit=${(event) => event.preventDefault()}>
    <input
      type="search"
      aria-label="Recording, user, state, result, error or name"
      placeholder="Recording, user, state, result, error"
      value=${filter.text}
      onInput=${set("text")}
    />
    <select aria-label="Outcome" value=${filter.outcome} onChange=${set("outcome")}>
      <option value="">Every outcome</option>
      ${OUTCOMES.map((word) => html`<option value=${word}>${word}</option>`)}
    </select>
    <select aria-label="State machine" value=${filter.machine} onChange=${set("machine")}>
      <option value="">Every state machine</option>
      ${withChosen(machines, filter.machine).map((machine) => html`<option value=${machine}>${machine}</option>`)}
    </select>
  </form>`;
}

function withChosen(machines, chosen) {
  return chosen && !machines.includes(chosen) ? [chosen, ...machines] : machines;
}

/** Drawn anew only when its execution has changed, or while it runs: of hundreds, a few. */
const Row = memo(({ execution, now }) => {
  const { machine, name, recording, user, status, state, result, error, retries, startedAt, stoppedAt } = execution;
  const took = stoppedAt ? secondsBetween(startedAt, stoppedAt) : Math.max(0, (now - Date.parse(startedAt)) / 1000);
  return html`<div class="execution" role="row">
    <span role="cell" class="status"><${Status} execution=${execution} /></span>
    <span role="cell" class="subject">
      <a href=${addressOf({ machine, name })}><bdi>${recording || name}</bdi></a>
      ${machine !== "ProcessRecording" && html` <span class="muted">${machine}</span>`}
    </span>
    <span role="cell" class="user">${user}</span>
    <span role="cell" class="result" title=${result ?? ""}>
      ${status === "RUNNING" && html`${state} `}${error && html`<span class="error">${error}</span> `}<bdi>${result}</bdi>
    </span>
    <span role="cell" class="retries">${retries > 0 ? html`<span title="retries">↻ ${retries}</span>` : ""}</span>
    <time role="cell" class="started" datetime=${startedAt} title=${startedAt}>${clock(startedAt)}</time>
    <span role="cell" class="took">${duration(took)}</span>
  </div>`;
});

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

function clock(time) {
  return CLOCK.format(new Date(time));
}

function NothingYet({ stack, isBusy, onSample, onUpload }) {
  return html`<div class="nothing-yet surface">
    <h2>Nothing has run yet</h2>
    <p>Drop a recording anywhere on this page. It goes into the bucket, and the rule starts the workflow.</p>
    <p class="actions">
      <button type="button" class="primary" onClick=${onUpload}>Choose a recording</button>
      <button type="button" disabled=${isBusy} onClick=${onSample}>Take the sample</button>
    </p>
    ${
      stack &&
      html`<p class="muted">
        Or <code>aws --endpoint-url ${stack.endpoint} s3 cp FILE s3://${stack.bucket}/public/unprocessed/demo/</code>
      </p>`
    }
  </div>`;
}
