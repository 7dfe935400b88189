/** A recording: what became of it, its sound with the cuts, and what is known of it. */

import { bytes } from "page/format.js";
import { html, useEffect, useMemo, useRef, useState } from "page/html.js";
import { Json } from "page/json.js";
import { channels, clock, lufs, sampleRate, text } from "page/measures.js";
import { About } from "page/recording-facts.js";
import { Sound } from "page/recording-sound.js";

/** Shows a document's recording; `fileUrl(name)` is where a file of it is, or null. */
export function Recording({ recording, fileUrl, isLive }) {
  const same = useSame(recording);
  if (!same) return html`<p class="empty">${NONE}</p>`;
  return html`<section class="recording-view" key=${same.id} aria-label="Recording">
    <${Summary} recording=${same} />
    <${Problems} recording=${same} isLive=${isLive} />
    <${Sound} recording=${same} fileUrl=${fileUrl} />
    <${About} recording=${same} />
  </section>`;
}

/** The record, the items of its one-shots and the manifest, as they are stored. */
export function Records({ recording, loadOneShots }) {
  if (!recording) return html`<p class="empty">${NONE}</p>`;
  const { record, oneShots, manifest } = recording;
  return html`<div class="records">
    <${Stored} title="Record" value=${record} none="The table has no record of it." />
    ${oneShots ? html`<${OneShotItems} items=${oneShots} />` : html`<${LoadedItems} key=${manifest?.recordingId} load=${loadOneShots} />`}
    <${Stored} title="Manifest" value=${manifest} none="There is none: it is written when the recording has been processed." />
  </div>`;
}

function OneShotItems({ items }) {
  const title = items.length > 0 ? `One-shot items (${items.length})` : "One-shot items";
  return html`<${Stored} title=${title} value=${items.length > 0 ? items : null} none="The table has none." />`;
}

/** The items, read only now: of an hour's recording that takes seconds. */
function LoadedItems({ load }) {
  const [items, setItems] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    let isOver = false;
    load().then(
      (read) => !isOver && setItems(read),
      (failure) => !isOver && setProblem(failure.message),
    );
    return () => {
      isOver = true;
    };
  }, [load]);
  if (items) return html`<${OneShotItems} items=${items} />`;
  return html`<${Stored} title="One-shot items" value=${null} none=${problem ?? "Loading …"} />`;
}

const NONE = "This execution is not about one recording.";

function Stored({ title, value, none }) {
  return html`<section>
    <h2>${title}</h2>
    ${value ? html`<${Json} value=${value} label=${title} />` : html`<p class="empty surface">${none}</p>`}
  </section>`;
}

/** What was given first, as long as what is given holds the same: polling brings new objects all the time, and they redraw nothing. */
function useSame(value) {
  const kept = useRef(null);
  const content = useMemo(() => JSON.stringify(value), [value]);
  if (kept.current?.content !== content) kept.current = { content, value: keptWhole(kept.current?.value, value) };
  return kept.current.value;
}

/** A record that changes leaves the manifest what it was, and so the waveform that is drawn from it. */
function keptWhole(before, value) {
  const isSameManifest = before?.manifest && JSON.stringify(before.manifest) === JSON.stringify(value?.manifest);
  return isSameManifest ? { ...value, manifest: before.manifest } : value;
}

function Summary({ recording }) {
  const { source, record, manifest } = recording;
  const oneShots = manifest?.oneShots.length ?? record?.one_shot_count;
  const file = manifest?.source;
  const facts = [
    record && `user ${record.user_id}`,
    oneShots !== undefined && (oneShots === 1 ? "1 one-shot" : `${oneShots} one-shots`),
    manifest?.durationSeconds && clock(manifest.durationSeconds),
    file?.codec && `${file.codec} in ${file.container}`,
    file?.sampleRate && sampleRate(file.sampleRate),
    file?.channels && channels(file.channels),
    source.sizeBytes !== null && bytes(source.sizeBytes),
    Number.isFinite(manifest?.loudness?.integratedLufs) && lufs(manifest.loudness.integratedLufs),
  ].filter(Boolean);
  return html`<header class="recording-head">
    <h2><bdi>${source.name}</bdi> <${RecordStatus} record=${record} /></h2>
    <p class="muted facts">${facts.map((fact) => html`<bdi key=${fact}>${fact}</bdi>`)}</p>
  </header>`;
}

function RecordStatus({ record }) {
  const status = record?.processing_status;
  if (!status) return null;
  const failed = record.processing_error?.category === "UPLOAD" ? "rejected" : "failed";
  const tones = { COMPLETED: "succeeded", PROCESSING: "running", FAILED: failed };
  return html`<span class="chip ${tones[status] ?? ""}" title="processing_status of the record"><bdi>${status}</bdi></span>`;
}

/** What a listener should know before they listen. */
function Problems({ recording, isLive }) {
  const { source, record, manifest } = recording;
  const error = record?.processing_error ?? rejectionOf(manifest);
  const warnings = manifest?.warnings ?? [];
  return html`
    ${error && html`<${ProcessingError} error=${error} />`}
    ${!error && !manifest && html`<p class="notice" role="status">${progressOf(record, isLive)}</p>`}
    ${source.isThere === false && html`<p class="notice caught">The upload is not in the bucket any more: it can't be played.</p>`}
    ${source.isThere === null && html`<p class="notice caught">Whether the upload is still in the bucket could not be asked.</p>`}
    ${
      warnings.length > 0 &&
      html`<ul class="notice caught warnings" aria-label="Warnings">
        ${warnings.map(({ code, message }, at) => html`<li key=${at}><code><bdi>${code}</bdi></code> <bdi>${message}</bdi></li>`)}
      </ul>`
    }
  `;
}

function rejectionOf(manifest) {
  return manifest?.reason ? { ...manifest.reason, category: "UPLOAD", retryable: false } : null;
}

function ProcessingError({ error }) {
  const isRejection = error.category === "UPLOAD";
  return html`<div class="notice ${isRejection ? "caught" : "failed"}" role="status">
    <p><strong>${isRejection ? "Rejected" : "Failed"}</strong> <code><bdi>${error.code}</bdi></code></p>
    <p><bdi>${error.message}</bdi></p>
    <p class="muted">
      category <bdi>${text(error.category)}</bdi>, ${isRejection ? "the upload's fault" : "the service's fault"};${" "}
      ${error.retryable ? "retryable: the same upload may be processed again" : "not retryable: this is final"}
    </p>
  </div>`;
}

function progressOf(record, isLive) {
  if (!record) return isLive ? "Nothing is recorded of it yet." : "Nothing is recorded of it.";
  if (record.processing_status === "PENDING") return "It waits to be processed.";
  if (record.processing_status !== "PROCESSING") return "Its manifest is not there any more: there is nothing to draw.";
  const since = new Date(record.processing_started_at).toLocaleTimeString();
  return isLive
    ? `It is being processed since ${since}. Its waveform and one-shots come when that is done.`
    : `The record says PROCESSING since ${since}, and this execution is over. SettleRecordings makes it FAILED if nobody completes it.`;
}
