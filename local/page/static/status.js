/** An execution's status in one word and one colour. */

import { html } from "page/html.js";

/** What became of an execution: its outcome where that tells more than its status. */
export function outcome({ status, state }) {
  if (status === "RUNNING") return { word: "Running", tone: "running" };
  if (status === "SUCCEEDED" && state === "Rejected") return { word: "Rejected", tone: "rejected" };
  if (status === "SUCCEEDED" && state === "AlreadyProcessed") return { word: "Already processed", tone: "" };
  if (status === "SUCCEEDED" && state === "Processed") return { word: "Processed", tone: "succeeded" };
  if (status === "SUCCEEDED") return { word: "Succeeded", tone: "succeeded" };
  if (status === "TIMED_OUT") return { word: "Timed out", tone: "failed" };
  if (status === "ABORTED") return { word: "Aborted", tone: "failed" };
  return { word: "Failed", tone: "failed" };
}

export function Status({ execution }) {
  const { word, tone } = outcome(execution);
  return html`<span class="chip ${tone}">${word}</span>`;
}
