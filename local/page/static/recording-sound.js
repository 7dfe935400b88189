/** The sound of a recording: the upload, where it was processed its waveform with the cuts, and the one-shots. */

import { Dialog } from "page/dialog.js";
import { bytes } from "page/format.js";
import { html, useCallback, useEffect, useMemo, useState } from "page/html.js";
import { channels, clock, dbtp, described, gain, lufs, number, sampleRate, span } from "page/measures.js";
import { canBeDrawn, OneShotDetail } from "page/one-shot-detail.js";
import { COLUMN_MEANINGS, inOrder, OneShotTable } from "page/one-shot-table.js";
import { Levels } from "page/recording-facts.js";
import { Sounds } from "page/sound.js";
import { Waveform } from "page/waveform-view.js";

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const CONFIDENCE = {
  term: "Confidence",
  meaning:
    "Of a cut: how probable its onset is; with a threshold, how far over that it comes. In brackets, of one value, 0 to 1",
};
const BY_TIME = { name: "index", isDescending: false };

/** Of each recording that was opened what its view is found as again: selection, order, zoom, place. */
const KEPT = new Map();

function keptOf(id) {
  if (!KEPT.has(id)) KEPT.set(id, {});
  return KEPT.get(id);
}

/** A state that outlives its component. */
function useKept(kept, name, initial) {
  const [value, setValue] = useState(kept[name] ?? initial);
  kept[name] = value;
  return [value, setValue];
}

export function Sound({ recording, fileUrl }) {
  const { source, manifest } = recording;
  const kept = keptOf(recording.id);
  const [media, setMedia] = useState(null);
  const [oneShot, setOneShot] = useState(null);
  const [sounding, setSounding] = useState(null);
  const [brokenUrl, setBrokenUrl] = useState(null);
  const sounds = useMemo(() => new Sounds(setSounding), []);
  const url = source.isThere ? fileUrl("source") : null;
  const fault = useFault(media, url);
  useEffect(() => (media && oneShot ? sounds.attach(media, oneShot) : undefined), [sounds, media, oneShot]);
  usePlace(media, url, kept);
  const canPlay = url !== null && fault === null;
  const isCut = manifest?.outcome === "completed";
  const hear = { canPlay, sounds, sounding, brokenUrl, urlOf: (index) => fileUrl(`one-shots/${index}`) };
  return html`
    <audio
      ref=${setMedia}
      src=${url ?? undefined}
      preload="metadata"
      controls=${!isCut && canPlay}
      class="source-audio"
      aria-label="The recording"
    ></audio>
    <audio ref=${setOneShot} preload="none" onError=${(event) => setBrokenUrl(event.currentTarget.getAttribute("src"))}></audio>
    <${SourceFault} recording=${recording} url=${url} fault=${fault} />
    ${isCut && html`<${Cuts} recording=${recording} fileUrl=${fileUrl} media=${media} hear=${hear} kept=${kept} />`}
  `;
}

/** The recording stands where it stood when it was left. */
function usePlace(media, url, kept) {
  useEffect(() => {
    if (!media || !url) return undefined;
    if (kept.seconds) media.currentTime = kept.seconds;
    return () => {
      kept.seconds = media.currentTime;
    };
  }, [media, url, kept]);
}

/** Why an audio element can't play what is at a URL: null, "unsupported" or "gone". An element's own error tells them apart badly. */
function useFault(media, url) {
  const [fault, setFault] = useState(null);
  useEffect(() => {
    setFault(null);
    if (!media || !url) return undefined;
    const leaving = new AbortController();
    const onError = async () => {
      const found = (await isThere(url)) ? "unsupported" : "gone";
      if (!leaving.signal.aborted) setFault(found);
    };
    media.addEventListener("error", onError, { signal: leaving.signal });
    if (media.error) onError();
    return () => leaving.abort();
  }, [media, url]);
  return fault;
}

function isThere(url) {
  if (url.startsWith("data:")) return true;
  return fetch(url, { method: "HEAD" }).then(
    (answer) => answer.ok,
    () => false,
  );
}

function SourceFault({ recording, url, fault }) {
  const { source, manifest } = recording;
  if (!source.isThere) return null;
  if (!url) return html`<p class="notice">The recording itself, ${bytes(source.sizeBytes)}, is not in this file.</p>`;
  if (fault === "gone") return html`<p class="notice caught">The recording can't be loaded.</p>`;
  if (fault === null) return null;
  const codec = manifest?.source.codec;
  return html`<p class="notice">
    This browser can't play${" "}
    ${codec ? html`<strong><bdi>${codec}</bdi></strong> in <strong><bdi>${manifest.source.container}</bdi></strong>` : html`<strong><bdi>${source.name}</bdi></strong>`}.
    ${manifest?.oneShots.length > 0 && " The one-shots can be heard all the same."}${" "}
    <a href=${url} download=${source.name}>Download the recording</a>
  </p>`;
}

/** Waveform, the selected cut and the table: one selection, one sound. */
function Cuts({ recording, fileUrl, media, hear, kept }) {
  const { manifest } = recording;
  const cuts = manifest.oneShots;
  const hasCuts = cuts.length > 0;
  const [chosen, setSelected] = useKept(kept, "selected", null);
  const [order, setOrder] = useKept(kept, "order", BY_TIME);
  const sorted = useMemo(() => inOrder(cuts, order), [cuts, order]);
  const nameOf = useNames(recording);
  const cut = cuts.find((each) => each.index === chosen) ?? cuts[0];
  const selected = cut?.index ?? null;
  const { canPlay, sounds } = hear;
  const onSeek = useCallback((seconds) => canPlay && sounds.seek(seconds), [canPlay, sounds]);
  const [isDetailed, setDetailed] = useKept(kept, "isDetailed", false);
  const onCut = (clicked, isSource) => {
    setSelected(clicked.index);
    hearCut(clicked, hear, isSource);
  };
  const onKeyDown = (event) => {
    const isHandled = pressed(event, { cut, cuts, sorted, hear, media, manifest, onSelect: setSelected });
    if (isHandled) event.preventDefault();
  };
  return html`<div class="cuts" onKeyDown=${onKeyDown}>
    <div class="surface waveform-card" tabindex="0" role="group" aria-label=${labelOf(manifest)}>
      <${Drawn} recording=${recording} fileUrl=${fileUrl} media=${media} hear=${hear} selected=${selected} kept=${kept} onCut=${onCut} onSeek=${onSeek} onZoomTo=${() => setDetailed(true)} />
      <${Hints} hasCuts=${hasCuts} />
      ${isDetailed && cut && html`<${Detail} cut=${cut} hear=${hear} onClose=${() => setDetailed(false)} />`}
    </div>
    <div class="cut-and-spectrogram ${hasCuts ? "" : "without-cut"}">
      ${cut ? html`<${Selected} cut=${cut} count=${cuts.length} hear=${hear} name=${nameOf(cut)} />` : html`<${NoSounds} manifest=${manifest} />`}
      <div class="beside-cut">
        <${Spectrogram} url=${manifest.files.spectrogram && fileUrl("spectrogram.png")} manifest=${manifest} />
        <${Levels} manifest=${manifest} />
      </div>
    </div>
    ${
      hasCuts &&
      html`<h2>One-shots <span class="muted">${cuts.length}</span></h2>
        <${OneShotTable}
          sorted=${sorted}
          order=${order}
          onOrder=${setOrder}
          selected=${selected}
          onSelect=${setSelected}
          actions=${(each) => html`<${RowActions} cut=${each} hear=${hear} name=${nameOf(each)} />`}
        />
        <${Meanings} title="What the columns mean" terms=${COLUMN_MEANINGS} />`
    }
  </div>`;
}

function labelOf({ oneShots, durationSeconds }) {
  const cuts = { 0: "no cuts", 1: "1 cut" }[oneShots.length] ?? `${oneShots.length} cuts`;
  const keys = oneShots.length > 0 ? " Arrow keys walk the cuts, Enter plays the one-shot, S its source region." : "";
  return `Waveform of ${clock(durationSeconds, 1)} with ${cuts}.${keys} Comma and full stop go a second back and on, Home and End to its ends.`;
}

/** What clicks and keys do; a finger has the clicks alone. */
function Hints({ hasCuts }) {
  return html`<p class="hints muted">
    ${
      hasCuts &&
      html`<span>Click a cut to hear its one-shot<span class="keys">, with <kbd>Shift</kbd> its source</span></span>
        <span class="keys"><kbd>←</kbd> <kbd>→</kbd> walk the cuts</span>
        <span class="keys"><kbd>Enter</kbd> one-shot</span>
        <span class="keys"><kbd>S</kbd> source</span>`
    }
    <span class="keys"><kbd>,</kbd> <kbd>.</kbd> 1 s back, on</span>
    <span class="keys"><kbd>Home</kbd> <kbd>End</kbd></span>
  </p>`;
}

/** Plays what is to be had of a cut: its one-shot, else the source, as when that is asked for. What sounds already, stops. */
function hearCut(cut, hear, isSource) {
  const url = hear.urlOf(cut.index);
  if (url && !isSource) hear.sounds.toggleOneShot(cut, url);
  else if (hear.canPlay) hear.sounds.toggleRegion(cut);
}

/** Does what a key stands for; says whether it stands for anything. Left and right walk in time, up and down in the table. */
function pressed(event, { cut, cuts, sorted, hear, media, manifest, onSelect }) {
  const { key, target } = event;
  if (event.altKey || event.ctrlKey || event.metaKey || target.closest("input, select, textarea, dialog")) return false;
  const place = placeAfter(key, media, manifest.durationSeconds);
  if (place !== null && hear.canPlay) {
    hear.sounds.seek(place);
    return true;
  }
  if (!cut) return false;
  if (STEPS[key]) {
    const walked = key === "ArrowUp" || key === "ArrowDown" ? sorted : cuts;
    const at = walked.indexOf(cut) + STEPS[key];
    onSelect(walked[Math.min(walked.length - 1, Math.max(0, at))].index);
    return true;
  }
  if ((key === "Enter" || key === " ") && !target.closest("button, a, summary")) {
    const url = hear.urlOf(cut.index);
    if (url) hear.sounds.toggleOneShot(cut, url);
    return true;
  }
  if (key.toLowerCase() === "s" && hear.canPlay) {
    hear.sounds.toggleRegion(cut);
    return true;
  }
  return false;
}

/** The seconds where a key goes; null where it goes nowhere. */
function placeAfter(key, media, durationSeconds) {
  if (key === "Home") return 0;
  if (key === "End") return durationSeconds;
  const step = { ",": -1, ".": 1 }[key];
  return step && media ? Math.min(durationSeconds, Math.max(0, media.currentTime + step)) : null;
}

/** A one-shot's file name: its item's, or the end of its key. */
function useNames({ oneShots, manifest }) {
  const names = useMemo(() => new Map((oneShots ?? []).map(({ index, name }) => [index, name])), [oneShots]);
  return ({ index, key, format }) =>
    names.get(index) ?? key?.split("/").pop() ?? `${manifest.recordingId}-${index}.${format}`;
}

/** The waveform; where it is left out the picture of it. */
function Drawn({ recording, fileUrl, media, hear, selected, kept, onCut, onSeek, onZoomTo }) {
  const { manifest } = recording;
  const url = manifest.files.waveform && fileUrl("waveform.json");
  const picture = manifest.files.overview && fileUrl("overview.png");
  if (!url && picture) return html`<img class="overview" src=${picture} alt=${labelOf(manifest)} />`;
  if (!url) return html`<p class="empty">The waveform is not in this file.</p>`;
  return html`<${Waveform}
    url=${url}
    durationSeconds=${manifest.durationSeconds}
    cuts=${manifest.oneShots}
    selected=${selected}
    media=${media}
    kept=${kept}
    onCut=${onCut}
    onSeek=${onSeek}
    onZoomTo=${onZoomTo}
  >
    <button type="button" class="hear-recording" disabled=${!hear.canPlay} onClick=${() => hear.sounds.toggleSource()}>
      ${hear.sounding?.what === "source" ? "❚❚ Pause" : "▶ Recording"}
    </button>
  </${Waveform}>`;
}

function Detail({ cut, hear, onClose }) {
  const url = hear.urlOf(cut.index);
  return canBeDrawn(cut, url) ? html`<${OneShotDetail} cut=${cut} url=${url} onClose=${onClose} />` : null;
}

function NoSounds({ manifest }) {
  const why = manifest.settings.processingEnabled
    ? "No sounds were found in it."
    : "It was not to be cut: processing-enabled is false.";
  return html`<p class="empty surface">${why}</p>`;
}

function SourceButton({ cut, hear, children }) {
  return html`<${HearButton}
    kind="hear-source"
    label=${`Source region of ${cut.index}`}
    isSounding=${isOf(hear.sounding, "region", cut)}
    canSound=${hear.canPlay}
    onClick=${() => hear.sounds.toggleRegion(cut)}
  >${children}</${HearButton}>`;
}

function OneShotButton({ cut, hear, children }) {
  const url = hear.urlOf(cut.index);
  return html`<${HearButton}
    kind="hear-one-shot"
    label=${`One-shot ${cut.index}`}
    isSounding=${isOf(hear.sounding, "one-shot", cut)}
    canSound=${Boolean(url)}
    onClick=${() => hear.sounds.toggleOneShot(cut, url)}
  >${children}</${HearButton}>`;
}

function isOf(sounding, what, { index }) {
  return sounding?.what === what && sounding.index === index;
}

function HearButton({ kind, label, isSounding, canSound, onClick, children }) {
  return html`<button
    type="button"
    class=${kind}
    disabled=${!canSound}
    aria-pressed=${isSounding ? "true" : "false"}
    aria-label=${label}
    onClick=${onClick}
  >
    <span class="sign" aria-hidden="true">${isSounding ? "■" : "▶"}</span> ${children}
  </button>`;
}

function RowActions({ cut, hear, name }) {
  const url = hear.urlOf(cut.index);
  return html`<span class="row-actions">
    <${SourceButton} cut=${cut} hear=${hear}>source</${SourceButton}>
    <${OneShotButton} cut=${cut} hear=${hear}>one-shot</${OneShotButton}>
    ${
      url
        ? html`<a class="button" href=${url} download=${name} aria-label=${`Download one-shot ${cut.index}`} title="Download">↓</a>`
        : html`<span class="button left-out-file" title="It is not in this file">↓</span>`
    }
  </span>`;
}

/** The selected cut: its two sounds, and what it is described by. */
function Selected({ cut, count, hear, name }) {
  const url = hear.urlOf(cut.index);
  const { loudness, descriptors } = cut;
  return html`<section class="surface selected-cut" aria-label=${`Cut ${cut.index}`}>
    <h2><span class="cut-number ${cut.index % 2 ? "odd" : "even"}">${cut.index}</span> <bdi class="file-name">${name}</bdi></h2>
    <p class="visually-hidden" aria-live="polite">Cut ${cut.index} of ${count}</p>
    <div class="two-sounds">
      <div class="sound-choice">
        <${SourceButton} cut=${cut} hear=${hear}>Source region <kbd>S</kbd></${SourceButton}>
        <p class="muted">As recorded, ${clock(cut.startSeconds)} to ${clock(cut.endSeconds)}</p>
      </div>
      <div class="sound-choice">
        <${OneShotButton} cut=${cut} hear=${hear}>One-shot <kbd>Enter</kbd></${OneShotButton}>
        <p class="muted">${gain(loudness.gainDb)}: ${lufs(loudness.lufs)}, ${dbtp(loudness.truePeakDbtp)}</p>
      </div>
    </div>
    ${url && hear.brokenUrl === url && html`<p class="notice failed">The one-shot can't be played.</p>`}
    <p class="cut-facts">
      <span>${span(cut.durationSeconds)}</span>
      <span>${sampleRate(cut.sampleRate)} ${channels(cut.channels)}</span>
      <span title=${CONFIDENCE.meaning}>confidence ${number(cut.confidence, 2)}</span>
      ${
        url
          ? html`<a href=${url} download=${name}>Download ${cut.format}, ${bytes(cut.sizeBytes)}</a>`
          : html`<span class="muted">The one-shot, ${bytes(cut.sizeBytes)}, is not in this file.</span>`
      }
    </p>
    ${descriptors ? html`<${Descriptors} descriptors=${descriptors} />` : html`<p class="muted">It is not described: features is cut-only.</p>`}
  </section>`;
}

function Descriptors({ descriptors }) {
  const isOpen = useMemo(() => matchMedia("(width > 760px)").matches, []);
  const groups = described(descriptors);
  return html`<details open=${isOpen}>
    <summary>Descriptors</summary>
    <div class="descriptors">
      ${groups.map(
        ({ group, values }) => html`<section key=${group}>
          <h3>${group}</h3>
          <dl>
            ${values.map(
              ({ name, term, meaning, value }) => html`<div key=${name} title=${`${name}: ${meaning}`}>
                <dt><bdi>${term}</bdi></dt>
                <dd><bdi>${value}</bdi></dd>
              </div>`,
            )}
          </dl>
        </section>`,
      )}
    </div>
    <${Meanings} title="What these mean" terms=${[CONFIDENCE, ...groups.flatMap(({ values }) => values.filter(({ name, meaning }) => meaning !== name))]} />
  </details>`;
}

/** What else only a pointer that hovers is told. */
function Meanings({ title, terms }) {
  return html`<details class="meanings">
    <summary>${title}</summary>
    <dl>${terms.map(({ term, meaning }) => html`<div key=${term}><dt>${term}</dt><dd>${meaning}</dd></div>`)}</dl>
  </details>`;
}

function Spectrogram({ url, manifest }) {
  const [isLarge, setLarge] = useState(false);
  if (!url) return null;
  const alt =
    `Spectrogram: ${clock(manifest.durationSeconds, 1)} from left to right, frequency upwards on a logarithmic axis ` +
    `from 50 Hz to 20 kHz or half the sample rate, level as brightness; on top a line with the ${manifest.oneShots.length} cuts`;
  const picture = html`<img src=${url} alt=${alt} width="1080" height="540" />`;
  return html`<figure class="spectrogram">
    <button type="button" class="enlarge" title="Enlarge" onClick=${() => setLarge(true)}>${picture}</button>
    ${isLarge && html`<${Dialog} title="Spectrogram" onClose=${() => setLarge(false)}><div class="large">${picture}</div></${Dialog}>`}
  </figure>`;
}
