/** The page of the local engine: the list of executions, one of them, uploads and faults. */

import { get, post } from "page/api.js";
import { ExecutionList, FIRST_FILTER, useExecutions } from "page/execution-list.js";
import { ExecutionPage } from "page/execution-page.js";
import { FaultsDialog } from "page/faults-dialog.js";
import { html, render, useEffect, useState } from "page/html.js";
import { UploadDialog } from "page/upload-dialog.js";

function Page() {
  const { executions, error } = useExecutions();
  const [filter, setFilter] = useState(FIRST_FILTER);
  const [stack, setStack] = useState(null);
  const [faults, setFaults] = useState(0);
  const [dialog, setDialog] = useState(null);
  const [problem, setProblem] = useState(null);
  const opened = useRoute();
  const close = () => setDialog(null);
  useDroppedFiles((files) => setDialog({ what: "upload", files }));
  useEffect(() => {
    const tell = (failure) => setProblem(failure.message);
    get("/api/stack").then(setStack, tell);
    get("/api/faults").then((listed) => setFaults(listed.length), tell);
  }, []);
  const onDone = (started) => {
    close();
    if (started.length === 1) open(started[0]);
    else location.hash = "#/";
  };
  const onSample = () =>
    post("/api/sample").then(
      ({ execution }) => execution && open(execution),
      (failure) => setProblem(failure.message),
    );
  const upload = (files) => setDialog({ what: "upload", files });

  return html`
    <header class="top">
      <a class="brand" href="#/">little-bit-audio</a>
      ${opened && html`<a href="#/">Executions</a>`}
      <span class="gap"></span>
      <button type="button" class=${faults > 0 ? "set" : ""} disabled=${!stack} onClick=${() => setDialog({ what: "faults" })}>
        Faults${faults > 0 ? ` (${faults})` : ""}
      </button>
      <button type="button" class="primary" onClick=${() => upload([])}>Upload</button>
    </header>
    ${(error || problem) && html`<p role="alert" class="problem banner">${(error ?? { message: problem }).message}</p>`}
    <main>
      ${
        opened
          ? html`<${ExecutionPage} key=${`${opened.machine}/${opened.name}`} ...${opened} onOpen=${open} />`
          : html`<${ExecutionList}
              executions=${executions}
              filter=${filter}
              stack=${stack}
              onFilter=${setFilter}
              onSample=${onSample}
              onUpload=${() => upload([])}
            />`
      }
    </main>
    ${dialog?.what === "upload" && html`<${UploadDialog} dropped=${dialog.files} stack=${stack} onDone=${onDone} onClose=${close} />`}
    ${dialog?.what === "faults" && html`<${FaultsDialog} stack=${stack} onChange=${setFaults} onClose=${close} />`}
  `;
}

function open({ machine, name }) {
  location.hash = `#/executions/${encodeURIComponent(machine)}/${encodeURIComponent(name)}`;
}

/** The execution that the address names; null for the list. */
function useRoute() {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const changed = () => {
      setRoute(routeOf(location.hash));
      scrollTo(0, 0);
    };
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}

function routeOf(hash) {
  const found = /^#\/executions\/([^/]+)\/([^/]+)$/.exec(hash);
  return found && { machine: decodeURIComponent(found[1]), name: decodeURIComponent(found[2]) };
}

/** Files may be dropped anywhere. */
function useDroppedFiles(onFiles) {
  useEffect(() => {
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    const over = (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      document.body.classList.add("dropping");
    };
    const left = (event) => {
      if (!event.relatedTarget) document.body.classList.remove("dropping");
    };
    const dropped = (event) => {
      document.body.classList.remove("dropping");
      if (!hasFiles(event)) return;
      event.preventDefault();
      onFiles([...event.dataTransfer.files]);
    };
    const handlers = { dragover: over, dragleave: left, drop: dropped };
    for (const [name, handler] of Object.entries(handlers)) addEventListener(name, handler);
    return () => {
      for (const [name, handler] of Object.entries(handlers)) removeEventListener(name, handler);
    };
  });
}

const place = document.getElementById("page");
place.replaceChildren();
render(html`<${Page} />`, place);
