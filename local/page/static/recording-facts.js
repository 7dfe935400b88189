/** What is known of a recording as a whole, as lists of terms and values. */

import { bytes } from "page/format.js";
import { html } from "page/html.js";
import {
  bitRate,
  channels,
  clock,
  dbfs,
  dbtp,
  loudnessUnits,
  lufs,
  percent,
  sampleRate,
  tempo,
  text,
  withConfidence,
  yesOrNo,
} from "page/measures.js";

/** What was measured of it. */
export function Levels({ manifest }) {
  const { loudness, descriptors } = manifest;
  const found = descriptors && [
    ["Tempo", tempo(descriptors.tempoBpm), descriptors.tempoConfidence],
    ["Key", text(descriptors.key), descriptors.keyConfidence],
  ];
  const saysHowSure = found?.some(([, value, confidence]) => withConfidence(value, confidence) !== value);
  return html`
    <${Facts}
      title="Loudness"
      facts=${[
        ["Integrated", lufs(loudness?.integratedLufs)],
        ["Loudness range (LRA)", loudnessUnits(loudness?.loudnessRangeLu)],
        ["True peak", dbtp(loudness?.truePeakDbtp)],
        ["Sample peak", dbfs(loudness?.samplePeakDbfs)],
        ["Noise floor", dbfs(loudness?.noiseFloorDbfs)],
        ["Clipped samples", percent(descriptors?.clippingShare)],
      ]}
    />
    ${
      found &&
      html`<${Facts}
        title="Tempo and key"
        facts=${found.map(([term, value, confidence]) => [term, withConfidence(value, confidence)])}
        note=${saysHowSure && "In brackets the confidence, 0 to 1."}
      />`
    }
  `;
}

/** What was uploaded, and how it was processed. */
export function About({ recording }) {
  const { manifest, source } = recording;
  const carriesNone = Object.keys(source.settings).length === 0;
  return html`<div class="about">
    <${Facts} title="Upload" facts=${uploadOf(recording)} />
    ${manifest && html`<${Facts} title="Source format" facts=${formatOf(manifest)} />`}
    ${manifest && html`<${Facts} title="Settings used" facts=${settingsOf(manifest.settings)} />`}
    <${Facts}
      title="Settings of the upload"
      facts=${Object.entries(source.settings)}
      note=${carriesNone && (source.isThere ? "It carries none." : "They went with the upload.")}
    />
  </div>`;
}

function uploadOf({ id, source, record }) {
  return [
    ["Name", source.name],
    ["User", text(record?.user_id)],
    ["Recording id", id],
    ["Bucket", source.bucket],
    ["Key", source.key],
    ["Version", text(source.versionId)],
    ["Size", text(bytes(source.sizeBytes))],
    ["Content type", text(source.contentType)],
  ];
}

function formatOf({ source, durationSeconds }) {
  return [
    ["Container", text(source.container)],
    ["Codec", text(source.codec)],
    ["Sample rate", sampleRate(source.sampleRate)],
    ["Channels", channels(source.channels)],
    ["Bit rate", bitRate(source.bitRate)],
    ["Bit depth", source.bitDepth ? `${source.bitDepth} bit` : text(null)],
    ["Duration, by its header", clock(source.durationSeconds)],
    ["Duration, decoded", clock(durationSeconds)],
  ];
}

function settingsOf(settings) {
  const { normalizeAudio, targetLoudnessLufs, normalizeMode, minSilenceMs } = settings;
  return [
    ["Processing", yesOrNo(settings.processingEnabled)],
    ["Threshold asked for", dbfs(settings.silenceThresholdDbfs)],
    ["Threshold used", settings.autoDetectThreshold ? "adaptive" : dbfs(settings.effectiveThresholdDbfs)],
    ["Shortest silence", minSilenceMs === null ? "adaptive" : `${minSilenceMs} ms`],
    ["Loudness brought to", normalizeAudio ? `${lufs(targetLoudnessLufs)}, ${normalizeMode}` : "as recorded"],
    ["One-shots written as", text(settings.outputFormat)],
    ["Described", text(settings.features)],
    ["Original kept", yesOrNo(settings.preserveOriginal)],
    ["Processing version", text(settings.processingVersion)],
    ["App version", text(settings.uiVersion)],
  ];
}

function Facts({ title, facts, note }) {
  return html`<section class="surface fact-card">
    <h3>${title}</h3>
    <dl>${facts.map(([term, value]) => html`<div key=${term}><dt><bdi>${term}</bdi></dt><dd><bdi>${value}</bdi></dd></div>`)}</dl>
    ${note && html`<p class="muted">${note}</p>`}
  </section>`;
}
