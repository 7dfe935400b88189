/** The page of the local engine: the list of executions, one of them, uploads and faults. */

import { get, post } from "page/api.js";
import { Boundary } from "page/boundary.js";
import { ExecutionList, FIRST_FILTER, useExecutions } from "page/execution-list.js";
import { ExecutionPage } from "page/execution-page.js";
import { FaultsDialog } from "page/faults-dialog.js";
import { html, render, useEffect, useRef, useState } from "page/html.js";
import { addressOf, open, useRoute } from "page/route.js";
import { UploadDialog } from "page/upload-dialog.js";

function Page() {
  const { list, executions, faults, error } = useExecutions();
  const [filter, setFilter] = useState(FIRST_FILTER);
  const [stack, setStack] = useState(null);
  const [dialog, setDialog] = useState(null);
  const [files, setFiles] = useState([]);
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const { route, setPlace } = useRoute();
  const main = useFocusOn(route && addressOf(route));
  const opened = route?.problem ? null : route;
  const close = () => {
    setDialog(null);
    setFiles([]);
  };
  const upload = (added) => {
    setFiles([...files, ...added]);
    setDialog("upload");
  };
  useDroppedFiles((dropped) => dialog !== "faults" && upload(dropped));
  useEffect(() => {
    if (!list) return;
    get("/api/stack").then(
      (told) => {
        setStack(told);
        setProblem(null);
      },
      (failure) => setProblem(failure.message),
    );
  }, [list]);
  const onDone = (started) => {
    close();
    if (started.length === 1) open(started[0]);
    else location.hash = "#/";
  };
  const onSample = async () => {
    setBusy(true);
    try {
      const { execution } = await post("/api/sample");
      setProblem(execution ? null : "The sample is in the bucket, and no execution has begun yet.");
      if (execution) open(execution);
    } catch (failure) {
      setProblem(failure.message);
    }
    setBusy(false);
  };

  const told = error?.message ?? problem ?? route?.problem;
  return html`
    <header class="top">
      <a class="brand" href="#/">little-bit-audio</a>
      ${route && html`<a href="#/">Executions</a>`}
      <span class="gap"></span>
      <button type="button" class=${faults > 0 ? "set" : ""} disabled=${!stack} onClick=${() => setDialog("faults")}>
        Faults${faults > 0 ? ` (${faults})` : ""}
      </button>
      <button type="button" class="primary" onClick=${() => upload([])}>Upload</button>
    </header>
    ${told && html`<p role="alert" class="problem banner">${told}</p>`}
    <main tabindex="-1" ref=${main}>
      <${Boundary} key=${opened ? addressOf(opened) : ""}>
        ${
          opened
            ? html`<${ExecutionPage} ...${opened} onPlace=${setPlace} onOpen=${open} />`
            : html`<${ExecutionList}
                executions=${executions}
                filter=${filter}
                stack=${stack}
                isBusy=${isBusy}
                onFilter=${setFilter}
                onSample=${onSample}
                onUpload=${() => upload([])}
              />`
        }
      <//>
    </main>
    ${
      dialog === "upload" &&
      html`<${UploadDialog} files=${files} stack=${stack} onFiles=${upload} onDone=${onDone} onClose=${close} />`
    }
    ${dialog === "faults" && html`<${FaultsDialog} stack=${stack} onClose=${close} />`}
  `;
}

/** The focus goes to what an address opens, where it is not the first. */
function useFocusOn(address) {
  const element = useRef(null);
  const before = useRef(address);
  useEffect(() => {
    if (before.current !== address) element.current.focus({ preventScroll: true });
    before.current = address;
  }, [address]);
  return element;
}

/** Files may be dropped anywhere. */
function useDroppedFiles(onFiles) {
  const latest = useRef(onFiles);
  latest.current = onFiles;
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
      latest.current([...event.dataTransfer.files]);
    };
    const handlers = { dragover: over, dragleave: left, drop: dropped };
    for (const [name, handler] of Object.entries(handlers)) addEventListener(name, handler);
    return () => {
      for (const [name, handler] of Object.entries(handlers)) removeEventListener(name, handler);
    };
  }, []);
}

const place = document.getElementById("page");
place.replaceChildren();
render(html`<${Page} />`, place);
