/** Uploading: the files, whose they are, the app's settings. Goes through S3 and the rule, as the app's uploads do. */

import { upload } from "page/api.js";
import { Dialog } from "page/dialog.js";
import { bytes } from "page/format.js";
import { html, useState } from "page/html.js";
import { chosen, SettingsForm } from "page/settings.js";

/** `onDone(executions)` gets what the uploads started. */
export function UploadDialog({ dropped, stack, onDone, onClose }) {
  const [files, setFiles] = useState(dropped);
  const [user, setUser] = useState("demo");
  const [values, setValues] = useState({});
  const [sending, setSending] = useState(null);
  const [problem, setProblem] = useState(null);
  const tooLarge = stack && files.find((file) => file.size > stack.largestUpload);

  async function send(event) {
    event.preventDefault();
    setProblem(null);
    const started = [];
    for (const file of files) {
      try {
        const onProgress = (share) => setSending({ file, share });
        const done = await upload(file, { user, settings: chosen(values), onProgress });
        if (done.execution) started.push(done.execution);
        else
          throw new Error(`${done.key} is in the bucket, and no execution has begun: the rule does not take this key.`);
      } catch (error) {
        setSending(null);
        setProblem(`${file.name}: ${error.message}`);
        return;
      }
    }
    onDone(started);
  }

  return html`<${Dialog} title="Upload recordings" onClose=${onClose}>
    <form onSubmit=${send}>
      <label class="field">
        <span>Files</span>
        <input type="file" multiple onChange=${(event) => setFiles([...event.currentTarget.files])} />
      </label>
      ${files.length > 0 && html`<${Chosen} files=${files} sending=${sending} />`}
      <label class="field">
        <span>User</span>
        <input name="user" value=${user} autocomplete="off" onInput=${(event) => setUser(event.currentTarget.value)} />
      </label>
      <h3>Settings of the app</h3>
      <p class="muted">They go with the object as metadata. Out of range is sent all the same: the workflow rejects it.</p>
      <${SettingsForm} values=${values} onChange=${setValues} />
      ${
        tooLarge &&
        html`<p role="alert" class="problem">
          ${tooLarge.name} has ${bytes(tooLarge.size)}; the page takes ${bytes(stack.largestUpload)}.
        </p>`
      }
      ${problem && html`<p role="alert" class="problem">${problem}</p>`}
      <footer class="dialog-foot">
        <button type="submit" class="primary" disabled=${files.length === 0 || sending || tooLarge}>
          ${sending ? "Uploading …" : files.length > 1 ? `Upload ${files.length} files` : "Upload"}
        </button>
      </footer>
    </form>
  <//>`;
}

function Chosen({ files, sending }) {
  return html`<ul class="chosen">
    ${files.map(
      (file) => html`<li>
        <span class="name">${file.name}</span> <span class="muted">${bytes(file.size)}</span>
        ${sending?.file === file && html`<progress max="1" value=${sending.share} aria-label="Sent" />`}
      </li>`,
    )}
  </ul>`;
}
