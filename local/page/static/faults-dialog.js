/** Fault injection: what uploads run into from now on, as `--fault` of `make run` has it. */

import { get, post, remove } from "page/api.js";
import { Dialog } from "page/dialog.js";
import { html, useEffect, useState } from "page/html.js";

/** The kinds of faults in words, and what else each needs to be told. */
const KINDS = {
  error: { label: "fails with an error", field: "Error", example: "Lambda.TooManyRequestsException" },
  lost: { label: "does its work, and its answer is lost", field: "Error", example: "Lambda.SdkClientException" },
  hang: { label: "never answers" },
  slow: { label: "is slow", field: "Seconds", example: "30" },
  timeout: { label: "runs into the function's timeout" },
  exit: { label: "exits", field: "Exit code", example: "1" },
  signal: { label: "is killed by a signal", field: "Signal", example: "9" },
  oom: { label: "runs out of memory" },
  spot: { label: "is interrupted on Spot" },
  "no-capacity": { label: "finds no capacity" },
  "cannot-start": { label: "cannot start" },
};
const EXAMPLES = [
  ["The container runs out of memory once", { state: "ProcessAudio", kind: "oom", times: "1" }],
  ["Spot takes the container away", { state: "ProcessAudio", kind: "spot", times: "1" }],
  ["PersistResult is throttled three times", { state: "PersistResult", kind: "error", times: "3" }],
  ["ExtractMetadata times out for good", { state: "ExtractMetadata", kind: "timeout", times: "*" }],
];

export function FaultsDialog({ stack, onClose }) {
  const [active, setActive] = useState([]);
  const [problem, setProblem] = useState(null);
  const [fault, setFault] = useState({ state: "ProcessAudio", kind: "oom", value: "", times: "1" });

  async function act(request) {
    try {
      const listed = await request;
      setActive(listed);
      setProblem(null);
    } catch (error) {
      setProblem(error.message);
    }
  }
  useEffect(() => {
    act(get("/api/faults"));
  }, []);
  const add = (event) => {
    event.preventDefault();
    act(post("/api/faults", { text: faultText(fault) }));
  };

  return html`<${Dialog} title="Faults" onClose=${onClose}>
    <p class="muted">
      What every upload runs into from now on, until it is taken away here. The state machine stays as it is: its Retry,
      Catch and timeouts answer.
    </p>
    ${
      active.length === 0
        ? html`<p class="empty">No faults are set.</p>`
        : html`<ul class="chosen">
            ${active.map(
              ({ number, text }) => html`<li key=${number}>
                <code class="name">${text}</code>
                <button type="button" onClick=${() => act(remove(`/api/faults/${number}`))}>Take away</button>
              </li>`,
            )}
          </ul>`
    }
    <form onSubmit=${add}>
      <h3>Set one</h3>
      <div class="examples">
        ${EXAMPLES.map(
          ([label, example]) =>
            html`<button type="button" class="small" onClick=${() => setFault({ value: "", ...example })}>${label}</button>`,
        )}
      </div>
      <${FaultFields} fault=${fault} kinds=${stack.faultKinds} onChange=${setFault} />
      <p>As an option of <code>make run</code>: <code>--fault ${faultText(fault)}</code></p>
      ${problem && html`<p role="alert" class="problem">${problem}</p>`}
      <footer class="dialog-foot"><button type="submit" class="primary">Set the fault</button></footer>
    </form>
  <//>`;
}

function FaultFields({ fault, kinds, onChange }) {
  const set = (name) => (event) =>
    onChange(possibleFault({ ...fault, [name]: event.currentTarget.value }, fault, kinds));
  const possible = kinds[fault.state] ?? [];
  const { field, example } = KINDS[fault.kind] ?? {};
  return html`<div class="fields">
    <label class="field">
      <span>State</span>
      <select name="state" value=${fault.state} onChange=${set("state")}>
        ${Object.keys(kinds).map((state) => html`<option value=${state}>${state}</option>`)}
      </select>
    </label>
    <label class="field">
      <span>What happens</span>
      <select name="kind" value=${fault.kind} onChange=${set("kind")}>
        ${possible.map((kind) => html`<option value=${kind}>${KINDS[kind]?.label ?? kind}</option>`)}
      </select>
    </label>
    ${
      field &&
      html`<label class="field">
        <span>${field}</span>
        <input name="value" value=${fault.value} placeholder=${example} autocomplete="off" onInput=${set("value")} />
      </label>`
    }
    <label class="field">
      <span>Attempts that it hits</span>
      <select name="times" value=${fault.times} onChange=${set("times")}>
        ${["1", "2", "3", "5", "10"].map((times) => html`<option value=${times}>the first ${times === "1" ? "" : times}</option>`)}
        <option value="*">every one</option>
      </select>
    </label>
  </div>`;
}

/** A fault whose kind its state can run into, and whose value is one of that kind. */
function possibleFault(fault, before, kinds) {
  const possible = kinds[fault.state] ?? [];
  const kind = possible.includes(fault.kind) ? fault.kind : possible[0];
  return { ...fault, kind, value: kind === before.kind ? fault.value : "" };
}

function faultText({ state, kind, value, times }) {
  const { field, example } = KINDS[kind] ?? {};
  const told = value || example;
  const what = kind === "error" ? told : field ? `${kind}:${told}` : kind;
  return `${state}=${what}${times === "1" ? "" : `x${times}`}`;
}
