/** Small drawings of services and of the kinds of states. */

import { html } from "page/html.js";

const STROKES = {
  Lambda: "M4 2.5h2.6l5.4 11h-2.4M7.2 6.6 3.6 13.5",
  DynamoDB:
    "M3 4c0-1 2.2-1.8 5-1.8S13 3 13 4v8c0 1-2.2 1.8-5 1.8S3 13 3 12ZM3 4c0 1 2.2 1.8 5 1.8S13 5 13 4M3 8c0 1 2.2 1.8 5 1.8S13 9 13 8",
  ECS: "M8 1.8 13.4 5v6L8 14.2 2.6 11V5ZM2.6 5 8 8l5.4-3M8 8v6.2",
  EventBridge:
    "M8 2v3M8 11v3M2 8h3M11 8h3M3.8 3.8l2 2M10.2 10.2l2 2M12.2 3.8l-2 2M5.8 10.2l-2 2M6.4 8a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0-3.2 0",
  S3: "M2.5 3.5h11L12 13.4H4ZM2.9 6.5h10.2",
  "Step Functions": "M5.5 2.2h5v3.4h-5ZM1.8 10.4h4.6v3.4H1.8ZM9.6 10.4h4.6v3.4H9.6ZM8 5.6V8M4.1 10.4V8h7.8v2.4",
  Task: "M2.8 2.8h10.4v10.4H2.8Z",
  Choice: "M8 1.8 14.2 8 8 14.2 1.8 8Z",
  Wait: "M8 2a6 6 0 1 0 .01 0ZM8 4.8V8l2.2 1.6",
  Pass: "M2 8h11M9 4l4 4-4 4",
  Map: "M2.5 5.5h8v8h-8ZM5.5 2.5h8v8",
  Parallel: "M3 2.5v11M8 2.5v11M13 2.5v11",
  Succeed: "M8 2a6 6 0 1 0 .01 0ZM5.4 8.2l1.9 1.9 3.4-3.8",
  Fail: "M8 2a6 6 0 1 0 .01 0ZM5.9 5.9l4.2 4.2M10.1 5.9l-4.2 4.2",
};

/** The drawing for a service or a kind of state; a square where there is none. */
export function icon(name) {
  const path = Object.hasOwn(STROKES, name) ? STROKES[name] : STROKES.Task;
  return html`
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor">
      <path d=${path} stroke-width="1.4" stroke-linejoin="round" stroke-linecap="round" />
    </svg>`;
}
