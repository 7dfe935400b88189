/** One execution of the engine, kept up while it runs, and what can be done with it. */

import { executionPath, fileUrl, get, post, reportUrl } from "page/api.js";
import { ExecutionView } from "page/execution.js";
import { html, useCallback, useEffect, useRef, useState } from "page/html.js";
import { usePolling } from "page/polling.js";
import { outcome } from "page/status.js";

const GONE = 404;
const RUNNING_SECONDS = 0.5;
const ENDED_SECONDS = 3; // the record may still be settled by another execution

export function ExecutionPage({ machine, name, place, onPlace, onOpen }) {
  const revision = useRef("");
  const [document, setDocument] = useState(null);
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const path = executionPath({ machine, name });
  const isLive = document?.execution.status === "RUNNING";
  const error = usePolling(
    async (isCurrent) => {
      const changed = await get(`${path}?revision=${revision.current}`);
      if (!changed || !isCurrent()) return;
      revision.current = changed.revision;
      setDocument(changed.document);
    },
    () => (document?.execution.stoppedAt ? ENDED_SECONDS : RUNNING_SECONDS),
    [path, document?.execution.stoppedAt],
  );
  const urlOf = useCallback((file) => fileUrl({ machine, name }, file), [machine, name]);
  const loadLogs = useCallback((visit) => get(`${path}/logs/${visit.eventId}`), [path]);
  const loadOneShots = useCallback(() => get(`${path}/one-shots`), [path]);

  useTitle(document);

  async function act(what) {
    setBusy(true);
    setProblem(null);
    try {
      const { execution } = await post(`${path}/${what}`);
      if (execution) onOpen(execution);
      else setProblem("It is in the bucket, and no execution has begun yet.");
    } catch (failure) {
      setProblem(failure.message);
    }
    setBusy(false);
  }

  if (!document)
    return html`<p class="empty" role=${error ? "alert" : undefined}>${error ? error.message : "Loading …"}</p>`;
  const isGone = error?.status === GONE;
  const actions = html`<div class="actions">
    ${
      document.recording?.source.isThere &&
      html`<button type="button" disabled=${isBusy || isGone} title="The same object as a new version: a new recording" onClick=${() => act("upload-again")}>
        Upload again
      </button>`
    }
    <button type="button" disabled=${isBusy || isGone} title="A new execution with this one's input" onClick=${() => act("start-again")}>
      Start again
    </button>
    <a class="button" href=${reportUrl({ machine, name })} download=${`${document.recording?.source.name ?? machine} report.html`}>Report</a>
  </div>`;
  const told = problem ?? (error?.status ? error.message : null); // where nothing answers, the head of the page says so
  return html`${told && html`<p role="alert" class="problem">${told}</p>`}
    <${ExecutionView}
      document=${document}
      fileUrl=${urlOf}
      loadLogs=${loadLogs}
      loadOneShots=${loadOneShots}
      isLive=${isLive}
      place=${place}
      onPlace=${onPlace}
      actions=${actions}
    />`;
}

/** What the window is called while an execution is looked at. */
function useTitle(shown) {
  const word = shown && outcome({ ...shown.execution, state: shown.visits.at(-1)?.state }).word;
  const title = shown && `${shown.recording?.source.name ?? shown.execution.name} · ${word}`;
  useEffect(() => {
    const { document } = globalThis;
    const before = document.title;
    if (title) document.title = title;
    return () => {
      document.title = before;
    };
  }, [title]);
}
