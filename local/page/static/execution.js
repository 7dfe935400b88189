/** An execution: its head, and the views of it. The page and the report show the same. */

import { Beside } from "page/beside.js";
import { Events } from "page/events.js";
import { causeWithout, duration, secondsBetween } from "page/format.js";
import { Graph } from "page/graph.js";
import { html, useState } from "page/html.js";
import { Json } from "page/json.js";
import { useReading, useTime } from "page/reading.js";
import { Recording, Records } from "page/recording.js";
import { StatePanel } from "page/state-panel.js";
import { Status } from "page/status.js";
import { TabPanel, Tabs } from "page/tabs.js";
import { Timeline } from "page/timeline.js";
import { retriesOf, retriesText } from "page/visited.js";

/**
 * Shows a document of an execution (see docs/report.md). `fileUrl(name)` is where a file of its recording is, or null;
 * `loadLogs(visit)` promises the lines of a visit's attempts, `loadOneShots()` the items that a document leaves out.
 * `place` is the view and the state that are shown, `{tab, state}`, and `onPlace` is told of another; without them it is kept here.
 */
export function ExecutionView({ document, fileUrl, loadLogs, loadOneShots, isLive, actions, place, onPlace }) {
  const [own, setOwn] = useState({ tab: null, state: null });
  const { execution, recording } = document;
  const names = ["Graph", "Timeline", "Events", ...(recording ? ["Recording", "Record"] : []), "Input and output"];
  const wanted = place ?? own;
  const tab = names.includes(wanted.tab) ? wanted.tab : names[0];
  const state = wanted.state ?? null;
  const go = (change) => (onPlace ?? setOwn)({ tab, state, ...change });
  const select = (name) => go({ state: name === state ? null : name });
  const reading = useReading(document, isLive);
  const beside = (view, isOver) => html`<${Beside}
    view=${view}
    selected=${state}
    isOver=${isOver}
    onClose=${() => go({ state: null })}
    panel=${(close) => html`<${StatePanel} document=${document} reading=${reading} state=${state} loadLogs=${loadLogs} onClose=${close} />`}
  />`;
  const views = {
    Graph: () => beside(html`<${Graph} document=${document} selected=${state} onSelect=${select} />`, true),
    Timeline: () =>
      beside(html`<${Timeline} document=${document} reading=${reading} selected=${state} onSelect=${select} />`, false),
    Events: () => html`<${Events} document=${document} selected=${state} onSelect=${(name) => go({ state: name })} />`,
    Recording: () => html`<${Recording} recording=${recording} fileUrl=${fileUrl} isLive=${isLive} />`,
    Record: () => html`<${Records} recording=${recording} loadOneShots=${loadOneShots} />`,
    "Input and output": () => html`<${InputAndOutput} execution=${execution} />`,
  };
  return html`<article class="execution-view">
    <${Head} document=${document} reading=${reading} actions=${actions} />
    <${Problem} execution=${execution} />
    <${NotRead} notRead=${document.notRead} />
    <${Tabs} id="view" label="Views" tabs=${names.map((name) => ({ name }))} chosen=${tab} onChoose=${(name) => go({ tab: name })} />
    <${TabPanel} id="view" name=${tab}>${views[tab]()}<//>
  </article>`;
}

function Head({ document, reading, actions }) {
  const { execution, recording, visits } = document;
  const now = useTime(reading);
  const retries = retriesOf(visits);
  const isCutShort = execution.status === "RUNNING" && !reading.isCounting;
  return html`<header class="execution-head">
    <div>
      <h1>
        <bdi>${recording?.source.name ?? execution.name}</bdi>${" "}
        <${Status} execution=${{ ...execution, state: visits.at(-1)?.state }} />
      </h1>
      <p class="muted facts">
        <span>${execution.machine}</span>
        <${Moment} time=${execution.startedAt} />
        <span>${duration(secondsBetween(execution.startedAt, execution.stoppedAt, now))}</span>
        ${isCutShort && html`<span>as it was at <${Moment} time=${document.readAt} /></span>`}
        ${retries > 0 && html`<span>${retriesText(retries)}</span>`}
        <span class="arn" title="The execution's ARN">${execution.arn}</span>
      </p>
    </div>
    ${actions}
  </header>`;
}

/** A time where the reader is, and which zone that is: reports are read elsewhere than they were made. */
function Moment({ time }) {
  const text = new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
  return html`<time datetime=${time} title=${time}>${text}</time>`;
}

function Problem({ execution }) {
  const { error, cause } = execution;
  if (!error) return null;
  const rest = causeWithout(error, cause);
  return html`<div class="problem" role="status">
    <strong>${error}</strong>
    ${rest && html`<span>${rest}</span>`}
  </div>`;
}

/** What whoever looks may not read, or what could not be read. */
function NotRead({ notRead }) {
  if (notRead.length === 0) return null;
  return html`<section class="surface not-read" aria-label="Not read">
    <h2>Not everything could be read</h2>
    <ul>${notRead.map((text) => html`<li key=${text}><bdi>${text}</bdi></li>`)}</ul>
  </section>`;
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
