/** The report's entry: draws what was written into the file beside it. Nothing is fetched but data: URLs. */

import { ExecutionView } from "page/execution.js";
import { bytes } from "page/format.js";
import { html, render } from "page/html.js";

/** What did not go into the file, and how much it is. */
function LeftOut({ leftOut }) {
  if (leftOut.length === 0) return null;
  return html`<section class="surface left-out" aria-labelledby="left-out">
    <h2 id="left-out">Not in this file</h2>
    <ul>
      ${leftOut.map(
        (each) =>
          html`<li key=${each.what}>${each.what}${each.bytes !== null && ` (${bytes(each.bytes)})`}: ${each.why}</li>`,
      )}
    </ul>
  </section>`;
}

function Report({ contents }) {
  const { files, logs, leftOut } = contents;
  const fileUrl = (name) => (Object.hasOwn(files, name) ? files[name] : null);
  const loadLogs = (visit) => Promise.resolve(logs[visit.eventId] ?? []);
  return html`
    <${ExecutionView} document=${contents.document} fileUrl=${fileUrl} loadLogs=${loadLogs} isLive=${false} />
    <${LeftOut} leftOut=${leftOut} />
  `;
}

const contents = JSON.parse(document.getElementById("report-contents").textContent);
const place = document.getElementById("report");
place.replaceChildren();
render(html`<${Report} contents=${contents} />`, place);
