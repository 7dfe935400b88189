/** One execution of the engine, kept up while it runs, and what can be done with it. */

import { executionPath, fileUrl, get, post, reportUrl } from "page/api.js";
import { ExecutionView } from "page/execution.js";
import { html, useCallback, useRef, useState } from "page/html.js";
import { usePolling } from "page/polling.js";

const RUNNING_SECONDS = 0.5;
const ENDED_SECONDS = 3; // the record may still be settled by another execution

export function ExecutionPage({ machine, name, onOpen }) {
  const revision = useRef("");
  const [document, setDocument] = useState(null);
  const [problem, setProblem] = useState(null);
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

  async function act(what) {
    try {
      setProblem(null);
      const { execution } = await post(`${path}/${what}`);
      if (execution) onOpen(execution);
      else setProblem("It is in the bucket, and no execution has begun yet.");
    } catch (failure) {
      setProblem(failure.message);
    }
  }

  if (!document)
    return html`<p class="empty" role=${error ? "alert" : undefined}>${error ? error.message : "Loading …"}</p>`;
  const actions = html`<div class="actions">
    ${
      document.recording?.source.isThere &&
      html`<button type="button" title="The same object as a new version: a new recording" onClick=${() => act("upload-again")}>
        Upload again
      </button>`
    }
    <button type="button" title="A new execution with this one's input" onClick=${() => act("start-again")}>
      Start again
    </button>
    <a class="button" href=${reportUrl({ machine, name })} download=${`${name}.html`}>Report</a>
  </div>`;
  const told = problem ?? (error?.status ? error.message : null); // where nothing answers, the head of the page says so
  return html`${told && html`<p role="alert" class="problem">${told}</p>`}
    <${ExecutionView}
      document=${document}
      fileUrl=${urlOf}
      loadLogs=${loadLogs}
      loadOneShots=${loadOneShots}
      isLive=${isLive}
      actions=${actions}
    />`;
}
