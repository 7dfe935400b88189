/** Uploading: the files, whose they are, the app's settings. Goes through S3 and the rule, as the app's uploads do. */

import { upload } from "page/api.js";
import { Dialog } from "page/dialog.js";
import { bytes } from "page/format.js";
import { html, useEffect, useRef, useState } from "page/html.js";
import { chosen, SettingsForm } from "page/settings.js";

/** `files` are chosen or dropped; `onFiles` hears of others; `onDone(executions)` gets what the uploads started. */
export function UploadDialog({ files, stack, onFiles, onDone, onClose }) {
  const [user, setUser] = useState("demo");
  const [values, setValues] = useState({});
  const { progress, isSending, send } = useSending(files, { user, values, onDone });
  const left = files.filter((file) => progress.get(file)?.execution === undefined);
  const tooLarge = stack && files.find((file) => file.size > stack.largestUpload);

  return html`<${Dialog} title="Upload recordings" onClose=${onClose}>
    <form
      onSubmit=${(event) => {
        event.preventDefault();
        send(left);
      }}
    >
      <label class="field">
        <span>Files, also dropped on the page</span>
        <input type="file" multiple onChange=${(event) => onFiles([...event.currentTarget.files])} />
      </label>
      ${files.length > 0 && html`<${Chosen} files=${files} progress=${progress} />`}
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
          <bdi>${tooLarge.name}</bdi> has ${bytes(tooLarge.size)}; the page takes ${bytes(stack.largestUpload)}.
        </p>`
      }
      <footer class="dialog-foot">
        <button type="submit" class="primary" disabled=${left.length === 0 || isSending || tooLarge}>
          ${isSending ? "Uploading …" : left.length > 1 ? `Upload ${left.length} files` : "Upload"}
        </button>
      </footer>
    </form>
  <//>`;
}

/** How far each file is: `{share}` while it is sent, `{problem}`, or `{execution}`. A dialog that closes sends no more. */
function useSending(files, { user, values, onDone }) {
  const [progress, setProgress] = useState(new Map());
  const [isSending, setSending] = useState(false);
  const leaving = useRef(null);
  leaving.current ??= new AbortController();
  useEffect(() => () => leaving.current.abort(), []);

  async function send(left) {
    const { signal } = leaving.current;
    const done = new Map(progress);
    const tell = (file, state) => {
      done.set(file, state);
      if (!signal.aborted) setProgress(new Map(done));
    };
    setSending(true);
    for (const file of left) {
      const onProgress = (share) => tell(file, { share });
      try {
        tell(file, { share: 0 });
        const { key, execution } = await upload(file, { user, settings: chosen(values), onProgress, signal });
        tell(
          file,
          execution
            ? { execution }
            : { problem: `${key} is in the bucket, and nothing has begun: the rule does not take it.` },
        );
      } catch (error) {
        tell(file, { problem: error.message });
      }
      if (signal.aborted) return;
    }
    setSending(false);
    const started = files.map((file) => done.get(file)?.execution);
    if (started.every(Boolean)) onDone(started);
  }
  return { progress, isSending, send };
}

function Chosen({ files, progress }) {
  return html`<ul class="chosen">
    ${files.map((file) => {
      const { share, problem, execution } = progress.get(file) ?? {};
      return html`<li key=${file}>
        <bdi class="name">${file.name}</bdi> <span class="muted">${bytes(file.size)}</span>
        ${share !== undefined && html`<progress max="1" value=${share} aria-label="Sent" />`}
        ${execution && html`<span class="chip succeeded">uploaded</span>`}
        ${problem && html`<span role="alert" class="file-problem">${problem}</span>`}
      </li>`;
    })}
  </ul>`;
}
