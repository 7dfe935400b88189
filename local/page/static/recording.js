/** A recording: what it is, its waveform with the cuts, and the sound of both. */

import { Dialog } from "page/dialog.js";
import { bytes } from "page/format.js";
import { html, useCallback, useEffect, useMemo, useRef, useState } from "page/html.js";
import { Json } from "page/json.js";
import {
  bitRate,
  channels,
  clock,
  dbfs,
  dbtp,
  described,
  gain,
  loudnessUnits,
  lufs,
  number,
  percent,
  sampleRate,
  span,
  tempo,
  text,
  withConfidence,
  yesOrNo,
} from "page/measures.js";
import { OneShotTable } from "page/one-shot-table.js";
import { Sounds } from "page/sound.js";
import { Waveform } from "page/waveform-view.js";

/** Shows a document's recording; `fileUrl(name)` is where a file of it is, or null. */
export function Recording({ recording, fileUrl, isLive }) {
  const same = useSame(recording);
  if (!same) {
    return html`<p class="empty">This execution is about no single recording.</p>`;
  }
  return html`<section class="recording" key=${same.id} aria-label="Recording">
    <${Summary} recording=${same} />
    <${Problems} recording=${same} isLive=${isLive} />
    <${Sound} recording=${same} fileUrl=${fileUrl} />
    <${About} recording=${same} />
  </section>`;
}

/** The record, the items of its one-shots and the manifest, as they are stored. */
export function Records({ recording }) {
  if (!recording) return html`<p class="empty">This execution is about no single recording.</p>`;
  const { record, oneShots, manifest } = recording;
  return html`<div class="records">
    <section>
      <h2>Record</h2>
      ${record ? html`<${Json} value=${record} label="Record" />` : html`<p class="empty">The table has none of this recording.</p>`}
    </section>
    <section>
      <h2>One-shot items${oneShots.length > 0 ? `, ${oneShots.length}` : ""}</h2>
      ${oneShots.length > 0 ? html`<${Json} value=${oneShots} label="One-shot items" />` : html`<p class="empty">The table has none.</p>`}
    </section>
    <section>
      <h2>Manifest</h2>
      ${manifest ? html`<${Json} value=${manifest} label="Manifest" />` : html`<p class="empty">None was written, or it is not there any more.</p>`}
    </section>
  </div>`;
}

/** The value that was given first as long as what it holds stays the same: what polling brings anew redraws nothing. */
function useSame(value) {
  const kept = useRef(null);
  const content = useMemo(() => JSON.stringify(value), [value]);
  if (kept.current?.content !== content) kept.current = { content, value };
  return kept.current.value;
}

function Summary({ recording }) {
  const { source, record, manifest } = recording;
  const oneShots = manifest?.oneShots.length ?? record?.one_shot_count;
  const file = manifest?.source;
  const facts = [
    oneShots !== undefined && (oneShots === 1 ? "1 one-shot" : `${oneShots} one-shots`),
    manifest?.durationSeconds && clock(manifest.durationSeconds),
    file?.codec && `${file.codec.toUpperCase()} in ${file.container}`,
    file?.sampleRate && sampleRate(file.sampleRate),
    file?.channels && channels(file.channels),
    source.sizeBytes !== null && bytes(source.sizeBytes),
    manifest?.loudness && lufs(manifest.loudness.integratedLufs),
  ].filter(Boolean);
  return html`<header class="recording-head">
    <h2>${source.name} <${RecordStatus} record=${record} /></h2>
    <p class="muted facts">${facts.map((fact) => html`<span key=${fact}>${fact}</span>`)}</p>
  </header>`;
}

function RecordStatus({ record }) {
  const status = record?.processing_status;
  if (!status) return null;
  const isRejection = status === "FAILED" && record.processing_error?.category === "UPLOAD";
  const tones = {
    COMPLETED: "succeeded",
    PROCESSING: "running",
    PENDING: "",
    FAILED: isRejection ? "rejected" : "failed",
  };
  return html`<span class="chip ${tones[status] ?? ""}" title="processing_status of the record">${status}</span>`;
}

/** What a listener should know before they listen. */
function Problems({ recording, isLive }) {
  const { source, record, manifest } = recording;
  const error = record?.processing_error;
  const warnings = manifest?.warnings ?? [];
  return html`
    ${error && html`<${ProcessingError} error=${error} />`}
    ${!error && !manifest && html`<p class="notice" role="status">${progressOf(record, isLive)}</p>`}
    ${!source.isThere && html`<p class="notice caught">The upload is not in the bucket any more: it can't be played or drawn anew.</p>`}
    ${
      warnings.length > 0 &&
      html`<ul class="notice caught warnings" aria-label="Warnings">
        ${warnings.map(({ code, message }, at) => html`<li key=${at}><code>${code}</code> ${message}</li>`)}
      </ul>`
    }
  `;
}

function ProcessingError({ error }) {
  const isRejection = error.category === "UPLOAD";
  return html`<div class="notice ${isRejection ? "caught" : "failed"}" role="status">
    <p>
      <strong>${isRejection ? "Rejected" : "Failed"}</strong> <code>${error.code}</code>
    </p>
    <p class="message">${error.message}</p>
    <p class="muted">
      ${isRejection ? "The upload is at fault" : "The service is at fault"} (category ${text(error.category)}),${" "}
      ${error.retryable ? "and it may be tried again (retryable)." : "and trying again would not help (not retryable)."}
    </p>
  </div>`;
}

function progressOf(record, isLive) {
  if (!record) return isLive ? "It is being looked at: nothing is recorded of it yet." : "Nothing is recorded of it.";
  if (record.processing_status === "PENDING") return "It waits to be processed.";
  if (record.processing_status === "PROCESSING") {
    const since = new Date(record.processing_started_at).toLocaleTimeString();
    return `It is being processed since ${since}: its waveform and one-shots come when that is done.`;
  }
  return "It is processed, and its manifest is not there any more: there is nothing to draw.";
}

/** The audio of a recording: the source, and where it was processed the waveform, the cuts and the one-shots. */
function Sound({ recording, fileUrl }) {
  const { source, manifest } = recording;
  const [media, setMedia] = useState(null);
  const [oneShot, setOneShot] = useState(null);
  const [sounding, setSounding] = useState(null);
  const sounds = useMemo(() => new Sounds(setSounding), []);
  const sourceUrl = source.isThere ? fileUrl("source") : null;
  const sourceState = useUnplayable(media, sourceUrl);
  useEffect(() => (media && oneShot ? sounds.attach(media, oneShot) : undefined), [sounds, media, oneShot]);
  const isDrawn = manifest?.outcome === "completed";
  return html`
    <audio ref=${setMedia} src=${sourceUrl ?? undefined} preload="metadata" controls=${!isDrawn && sourceUrl && !sourceState} class="source-audio" aria-label="The recording"></audio>
    <audio ref=${setOneShot} preload="none"></audio>
    <${SourceProblem} recording=${recording} url=${sourceUrl} state=${sourceState} />
    ${isDrawn && html`<${Cuts} recording=${recording} fileUrl=${fileUrl} media=${media} sounds=${sounds} sounding=${sounding} canPlay=${Boolean(sourceUrl) && !sourceState} />`}
  `;
}

/** Why an audio element can't play: null, "unsupported" or "gone". */
function useUnplayable(media, url) {
  const [state, setState] = useState(null);
  useEffect(() => {
    setState(null);
    if (!media) return undefined;
    let isOver = false;
    const onError = async () => {
      const isThere = await fetch(url, { method: "HEAD" }).then(
        (answer) => answer.ok,
        () => false,
      );
      if (!isOver) setState(isThere ? "unsupported" : "gone");
    };
    media.addEventListener("error", onError);
    if (media.error) onError();
    return () => {
      isOver = true;
      media.removeEventListener("error", onError);
    };
  }, [media, url]);
  return state;
}

function SourceProblem({ recording, url, state }) {
  const { source, manifest } = recording;
  if (!source.isThere) return null;
  if (!url)
    return html`<p class="notice">The recording itself (${bytes(source.sizeBytes)}) is not in this file: only its one-shots can be heard.</p>`;
  if (state === "gone") return html`<p class="notice caught">The recording can't be loaded.</p>`;
  if (state !== "unsupported") return null;
  const codec = manifest?.source?.codec;
  return html`<p class="notice">
    This browser can't play ${codec ? html`<strong>${codec}</strong> in ${manifest.source.container}` : source.name}${manifest ? "; the one-shots can be heard all the same" : ""}.${" "}
    <a href=${url} download=${source.name}>Download the recording</a>
  </p>`;
}

/** Waveform, the selected cut and the table, with one selection and one sound. */
function Cuts({ recording, fileUrl, media, sounds, sounding, canPlay }) {
  const { manifest } = recording;
  const cuts = manifest.oneShots;
  const [selected, setSelected] = useState(cuts[0]?.index ?? null);
  const cut = cuts.find((each) => each.index === selected);
  const name = manifest.files.waveform && fileUrl("waveform.json");
  const hear = { canPlay, sounds, sounding, urlOf: (index) => fileUrl(`one-shots/${index}`) };
  const onSeek = useCallback((seconds) => canPlay && sounds.seek(seconds), [canPlay, sounds]);
  const actions = (each) => html`<${RowActions} cut=${each} hear=${hear} name=${nameOf(recording, each)} />`;

  function onKeyDown(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, textarea")) return;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const isOnButton = Boolean(event.target.closest("button, a"));
    if (step) {
      const at = cuts.findIndex((each) => each.index === selected);
      setSelected(cuts[Math.min(cuts.length - 1, Math.max(0, at + step))].index);
    } else if ((event.key === "Enter" || event.key === " ") && !isOnButton && hear.urlOf(selected)) {
      sounds.toggleOneShot(cut, hear.urlOf(selected));
    } else if (event.key.toLowerCase() === "s" && canPlay) {
      sounds.toggleRegion(cut);
    } else {
      return;
    }
    event.preventDefault();
  }

  return html`<div class="cuts" onKeyDown=${cuts.length > 0 ? onKeyDown : undefined}>
    <div class="surface waveform-card" tabindex=${cuts.length > 0 ? 0 : undefined} role="group" aria-label=${waveformLabel(manifest)}>
      ${
        name
          ? html`<${Waveform}
              url=${name}
              durationSeconds=${manifest.durationSeconds}
              cuts=${cuts}
              selected=${selected}
              media=${media}
              onSelect=${setSelected}
              onSeek=${onSeek}
            >
              <button type="button" class="play-all" disabled=${!canPlay} onClick=${() => sounds.toggleSource()}>
                ${sounding?.what === "source" ? "❚❚ Pause" : "▶ Recording"}
              </button>
            </${Waveform}>`
          : html`<p class="empty">The waveform is not in this file.</p>`
      }
    </div>
    <div class="cut-and-spectrogram">
    ${cut ? html`<${Selected} cut=${cut} hear=${hear} name=${nameOf(recording, cut)} />` : html`<${NoSounds} manifest=${manifest} />`}
    <div class="beside-cut">
        <${Spectrogram} url=${manifest.files.spectrogram && fileUrl("spectrogram.png")} manifest=${manifest} />
        <${Levels} manifest=${manifest} />
      </div>
    </div>
    ${
      cuts.length > 0 &&
      html`<h2>One-shots <span class="muted">${cuts.length}</span></h2>
        <${OneShotTable} cuts=${cuts} selected=${selected} onSelect=${setSelected} actions=${actions} />`
    }
  </div>`;
}

function waveformLabel({ oneShots, durationSeconds }) {
  const count = oneShots.length === 1 ? "1 cut" : `${oneShots.length} cuts`;
  return `Waveform of ${clock(durationSeconds, 1)} with ${count}. Arrow keys walk them, Enter plays the one-shot, S its source.`;
}

function nameOf({ oneShots, manifest }, cut) {
  const item = oneShots.find((each) => each.index === cut.index);
  return item?.name ?? (cut.key ?? cut.path ?? `${manifest.recordingId}-${cut.index}.${cut.format}`).split("/").pop();
}

function NoSounds({ manifest }) {
  const why = manifest.settings.processingEnabled
    ? "No sounds were found in it."
    : "It was not to be cut (processing-enabled is false).";
  return html`<p class="empty surface">${why}</p>`;
}

function isOf(sounding, what, index) {
  return sounding?.what === what && sounding.index === index;
}

function SourceButton({ cut, hear, children }) {
  const isSounding = isOf(hear.sounding, "region", cut.index);
  return html`<button
    type="button"
    class="hear-source"
    disabled=${!hear.canPlay}
    aria-pressed=${isSounding ? "true" : "false"}
    aria-label=${`Source of ${cut.index}`}
    onClick=${() => hear.sounds.toggleRegion(cut)}
  >
    <span aria-hidden="true">${isSounding ? "■" : "▶"}</span> ${children}
  </button>`;
}

function OneShotButton({ cut, hear, children }) {
  const url = hear.urlOf(cut.index);
  const isSounding = isOf(hear.sounding, "one-shot", cut.index);
  return html`<button
    type="button"
    class="hear-one-shot"
    disabled=${!url}
    aria-pressed=${isSounding ? "true" : "false"}
    aria-label=${`One-shot ${cut.index}`}
    onClick=${() => hear.sounds.toggleOneShot(cut, url)}
  >
    <span aria-hidden="true">${isSounding ? "■" : "▶"}</span> ${children}
  </button>`;
}

function RowActions({ cut, hear, name }) {
  const url = hear.urlOf(cut.index);
  return html`<span class="row-actions">
    <${SourceButton} cut=${cut} hear=${hear}>source</${SourceButton}>
    <${OneShotButton} cut=${cut} hear=${hear}>one-shot</${OneShotButton}>
    ${
      url
        ? html`<a class="button small" href=${url} download=${name} aria-label=${`Download one-shot ${cut.index}`} title="Download">↓</a>`
        : html`<span class="button small" aria-disabled="true" title="It is not in this file">↓</span>`
    }
  </span>`;
}

/** The selected cut: its two sounds, and what it is described by. */
function Selected({ cut, hear, name }) {
  const url = hear.urlOf(cut.index);
  const { loudness } = cut;
  return html`<section class="surface selected-cut" aria-label=${`Cut ${cut.index}`}>
    <h2><span class="cut-number ${cut.index % 2 ? "odd" : "even"}">${cut.index}</span> <span class="file-name">${name}</span></h2>
    <div class="two-sounds">
      <div class="sound-choice">
        <${SourceButton} cut=${cut} hear=${hear}>Source region <kbd>S</kbd></${SourceButton}>
        <p class="muted">As recorded, ${clock(cut.startSeconds)} to ${clock(cut.endSeconds)}</p>
      </div>
      <div class="sound-choice">
        <${OneShotButton} cut=${cut} hear=${hear}>One-shot <kbd>Enter</kbd></${OneShotButton}>
        <p class="muted">Cut and faded, ${gain(loudness.gainDb)}: ${lufs(loudness.lufs)}, ${dbtp(loudness.truePeakDbtp)}</p>
      </div>
    </div>
    <p class="cut-facts">
      <span>${span(cut.durationSeconds)}</span>
      <span>${sampleRate(cut.sampleRate)} ${channels(cut.channels)}</span>
      <span title="How probable its onset is; with a threshold, how far over that it comes">confidence ${number(cut.confidence, 2)}</span>
      ${url ? html`<a href=${url} download=${name}>Download ${cut.format}, ${bytes(cut.sizeBytes)}</a>` : html`<span class="muted">The one-shot is not in this file.</span>`}
    </p>
    ${cut.descriptors ? html`<${Descriptors} descriptors=${cut.descriptors} />` : html`<p class="muted">Nothing is described (features is cut-only).</p>`}
  </section>`;
}

function Descriptors({ descriptors }) {
  return html`<div class="descriptors">
    ${described(descriptors).map(
      ({ group, values }) => html`<section key=${group}>
        <h3>${group}</h3>
        <dl>
          ${values.map(({ name, term, meaning, value }) => html`<div key=${name} title=${`${name}: ${meaning}`}><dt>${term}</dt><dd>${value}</dd></div>`)}
        </dl>
      </section>`,
    )}
  </div>`;
}

function Spectrogram({ url, manifest }) {
  const [isLarge, setLarge] = useState(false);
  if (!url) return null;
  const alt = `Spectrogram of the recording: ${clock(manifest.durationSeconds, 1)} from left to right, 50 Hz to 20 kHz (or half the sample rate) upwards on a logarithmic axis, level as colour; the ${manifest.oneShots.length} one-shots as a line on top.`;
  return html`<figure class="spectrogram">
    <button type="button" class="enlarge" aria-label="Enlarge the spectrogram" onClick=${() => setLarge(true)}>
      <img src=${url} alt=${alt} width="1080" height="540" loading="lazy" />
    </button>
    ${isLarge && html`<${Dialog} title="Spectrogram" onClose=${() => setLarge(false)}><img class="large" src=${url} alt=${alt} width="1080" height="540" /></${Dialog}>`}
  </figure>`;
}

/** What was measured of the recording as a whole. */
function Levels({ manifest }) {
  const { loudness, descriptors: whole } = manifest;
  return html`
    ${
      loudness &&
      html`<${Facts}
        title="Loudness"
        facts=${[
          ["Integrated", lufs(loudness.integratedLufs)],
          ["Loudness range (LRA)", loudnessUnits(loudness.loudnessRangeLu)],
          ["True peak", dbtp(loudness.truePeakDbtp)],
          ["Sample peak", dbfs(loudness.samplePeakDbfs)],
          ["Noise floor", dbfs(loudness.noiseFloorDbfs)],
          ["Clipped samples", whole ? percent(whole.clippingShare) : text(null)],
        ]}
      />`
    }
    ${
      whole &&
      html`<${Facts}
        title="Tempo and key"
        facts=${[
          ["Tempo", withConfidence(tempo(whole.tempoBpm), whole.tempoConfidence)],
          ["Key", withConfidence(text(whole.key), whole.keyConfidence)],
        ]}
        note="Confidence in brackets, 0 to 1."
      />`
    }
  `;
}

/** What was uploaded and how it was processed. */
function About({ recording }) {
  const { id, source, record, manifest } = recording;
  const file = manifest?.source;
  return html`<div class="about">
    <${Facts}
      title="Upload"
      facts=${[
        ["Name", source.name],
        ["User", text(record?.user_id)],
        ["Recording id", id],
        ["Bucket", source.bucket],
        ["Key", source.key],
        ["Version", text(source.versionId)],
        ["Size", source.sizeBytes === null ? text(null) : bytes(source.sizeBytes)],
        ["Content type", text(source.contentType)],
      ]}
    />
    ${
      file &&
      html`<${Facts}
        title="Source format"
        facts=${[
          ["Container", text(file.container)],
          ["Codec", text(file.codec)],
          ["Sample rate", sampleRate(file.sampleRate)],
          ["Channels", channels(file.channels)],
          ["Bit rate", bitRate(file.bitRate)],
          ["Bit depth", file.bitDepth ? `${file.bitDepth} bit` : text(null)],
          ["Duration, as the file says", clock(file.durationSeconds)],
          ["Duration, as decoded", clock(manifest.durationSeconds)],
        ]}
      />`
    }
    ${manifest && html`<${Facts} title="Settings used" facts=${settingsOf(manifest.settings)} />`}
    <${Facts}
      title="Settings of the upload"
      facts=${Object.entries(source.settings)}
      note=${Object.keys(source.settings).length === 0 ? "It carries none: the engine adapts to the recording." : null}
    />
  </div>`;
}

function settingsOf(settings) {
  return [
    ["Processing", yesOrNo(settings.processingEnabled)],
    ["Threshold", settings.autoDetectThreshold ? "adaptive" : dbfs(settings.effectiveThresholdDbfs)],
    ["Shortest silence", settings.minSilenceMs === null ? "adaptive" : `${settings.minSilenceMs} ms`],
    [
      "Normalize loudness",
      settings.normalizeAudio ? `${lufs(settings.targetLoudnessLufs)}, ${settings.normalizeMode}` : "no",
    ],
    ["Format of the one-shots", settings.outputFormat],
    ["Described", settings.features],
    ["Original kept", yesOrNo(settings.preserveOriginal)],
    ["Processing version", text(settings.processingVersion)],
    ["App version", text(settings.uiVersion)],
  ];
}

function Facts({ title, facts, note }) {
  return html`<section class="surface fact-card">
    <h3>${title}</h3>
    <dl>${facts.map(([term, value]) => html`<div key=${term}><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>
    ${note && html`<p class="muted">${note}</p>`}
  </section>`;
}
