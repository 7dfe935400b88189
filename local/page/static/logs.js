/** The log lines of a state's attempts. */

import { duration, pretty, secondsBetween } from "page/format.js";
import { html, useEffect, useRef, useState } from "page/html.js";
import { Json } from "page/json.js";

const RELOAD_MILLISECONDS = 2000;
const SHOWN_LINES = 300;
const QUIET = /^(INIT_START|START|END|REPORT|XRAY) /;
const NO_LINES = { lines: [], note: null };
const SERIOUS = new Set(["ERROR", "CRITICAL", "FATAL"]);

/** The logs of a visit, by attempt; loaded anew while it runs. */
export function Logs({ visit, loadLogs }) {
  const { loaded, failure, reload } = useLogs(visit, loadLogs);
  if (failure && !loaded) {
    return html`<div class="empty" role="alert"><p>The logs could not be loaded: ${failure}</p><button type="button" onClick=${reload}>Try again</button></div>`;
  }
  if (!loaded) return html`<p class="empty" role="status">Loading the logs…</p>`;
  const logsOf = new Map(loaded.map((each) => [each.eventId, each]));
  if (loaded.every(({ lines, note }) => lines.length === 0 && !note)) {
    const isRunning = visit.status === "RUNNING";
    return html`<p class="empty">${isRunning ? "No log lines so far." : "This visit left no log lines."}</p>`;
  }
  return html`
    <div class="logs">
      ${visit.attempts.map(
        (attempt) => html`
          <section key=${attempt.eventId}>
            ${visit.attempts.length > 1 && html`<h3>Attempt ${attempt.number} <span class=${`chip ${attempt.status.toLowerCase()}`}>${attempt.status}</span></h3>`}
            <${Lines} ...${logsOf.get(attempt.eventId) ?? NO_LINES} start=${attempt.startedAt} />
          </section>`,
      )}
      ${failure && html`<p class="muted" role="alert">The newest lines could not be loaded: ${failure}</p>`}
    </div>`;
}

function useLogs(visit, loadLogs) {
  const [state, setState] = useState({ key: null, loaded: null, failure: null });
  const [asked, setAsked] = useState(0);
  const latest = useRef({ visit, loadLogs });
  latest.current = { visit, loadLogs };
  useEffect(() => {
    let isGone = false;
    const load = async () => {
      const { visit: now, loadLogs: loader } = latest.current;
      try {
        const loaded = await loader(now);
        if (!isGone) setState({ key: visit.eventId, loaded, failure: null });
      } catch (error) {
        const failure = error instanceof Error ? error.message : String(error);
        if (!isGone)
          setState((before) => ({
            key: visit.eventId,
            loaded: before.key === visit.eventId ? before.loaded : null,
            failure,
          }));
      }
    };
    load();
    const timer = visit.status === "RUNNING" ? setInterval(load, RELOAD_MILLISECONDS) : 0;
    return () => {
      isGone = true;
      clearInterval(timer);
    };
  }, [visit.eventId, visit.status, asked]);
  const isCurrent = state.key === visit.eventId;
  return {
    loaded: isCurrent ? state.loaded : null,
    failure: isCurrent ? state.failure : null,
    reload: () => setAsked(asked + 1),
  };
}

/** `note` says why there are no lines, or not all of them. */
function Lines({ lines, note, start }) {
  const [isWhole, setWhole] = useState(false);
  if (lines.length === 0) return html`<p class="muted">${note ?? "No log lines."}</p>`;
  const shown = isWhole ? lines : lines.slice(0, SHOWN_LINES);
  return html`
    ${note && html`<p class="muted">${note}</p>`}
    <ol class="logs-lines">
      ${shown.map((line, index) => html`<${Line} key=${index} line=${line} start=${start} />`)}
    </ol>
    ${!isWhole && lines.length > SHOWN_LINES && html`<button type="button" onClick=${() => setWhole(true)}>Show all ${lines.length.toLocaleString("en")} lines</button>`}`;
}

function Line({ line, start }) {
  const [isOpen, setOpen] = useState(false);
  const entry = entryOf(line.text);
  const time = line.time
    ? html`<time datetime=${line.time} title=${line.time}>+${duration(secondsBetween(start, line.time))}</time>`
    : html`<time></time>`;
  if (!entry)
    return html`<li class=${QUIET.test(line.text) ? "quiet" : ""}>${time}<span class="logs-text">${line.text}</span></li>`;
  const level = String(entry.level).toUpperCase();
  const kind = SERIOUS.has(level) ? "failed" : level.startsWith("WARN") ? "caught" : "";
  return html`
    <li>
      ${time}
      <span class="logs-text">
        <button type="button" class="logs-more" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>
          <span class=${`chip ${kind}`}>${level}</span><bdi>${entry.message}</bdi><span class="muted">${isOpen ? "▴" : "▾"}</span>
        </button>
        ${isOpen && html`<${Json} value=${entry.rest} label="log record" />`}
      </span>
    </li>`;
}

/** A structured log record (AWS Lambda Powertools and its like) or metrics in a log line (EMF), null for a plain line. */
export function entryOf(text) {
  if (!text.startsWith("{")) return null;
  try {
    const { level, message, ...rest } = JSON.parse(text);
    const metrics = rest._aws?.CloudWatchMetrics?.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name));
    if (metrics) return { level: "METRICS", message: metrics.map((name) => `${name} ${rest[name]}`).join(", "), rest };
    if (level === undefined || message === undefined) return null;
    return { level, message: pretty(message), rest };
  } catch {
    return null;
  }
}
