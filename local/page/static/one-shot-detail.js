/** A finished one-shot, decoded from its file and drawn to the millisecond: its attack is finer than waveform.json. */

import { html, useEffect, useRef, useState } from "page/html.js";
import { number } from "page/measures.js";
import { outlines, resampled, timeScale, together } from "page/waveform.js";
import { colours, timelineOf } from "page/waveform-view.js";
import WaveSurfer from "wavesurfer";

const MOST_BYTES = 2_000_000;
const HEIGHT = 96;
const TIMELINE_HEIGHT = 22;
const ATTACK_SECONDS = 0.1;
const COLUMNS = 4000;
const RATES = { least: 8000, most: 96_000 }; // that every browser decodes at
const ANY_RATE = 48_000;

/** Whether a one-shot's file may be decoded for its drawing. */
export function canBeDrawn({ sizeBytes }, url) {
  return Boolean(url) && sizeBytes < MOST_BYTES;
}

/** Draws the one-shot `cut` from the file at `url`. */
export function OneShotDetail({ cut, url, onClose }) {
  const box = useRef(null);
  const { buffer, problem } = useDecoded(cut, url);
  const [isAttack, setAttack] = useState(true);
  const seconds = buffer && (isAttack ? Math.min(ATTACK_SECONDS, buffer.duration) : buffer.duration);
  useEffect(() => (buffer ? drawn(box.current, buffer, seconds) : undefined), [buffer, seconds]);
  return html`<figure class="one-shot-detail" aria-busy=${!buffer && !problem}>
    <figcaption>
      <span><strong>One-shot ${cut.index}, as finished</strong> <span class="muted">linear, its largest sample as tall as the box</span></span>
      <span class="detail-buttons">
        <button type="button" aria-pressed=${isAttack ? "true" : "false"} onClick=${() => setAttack(true)}>First 100 ms</button>
        <button type="button" aria-pressed=${isAttack ? "false" : "true"} onClick=${() => setAttack(false)}>Whole</button>
        <button type="button" aria-label="Close the one-shot's drawing" onClick=${onClose}>✕</button>
      </span>
    </figcaption>
    <div class="detail-box" ref=${box} style=${{ height: `${HEIGHT + TIMELINE_HEIGHT}px` }}></div>
    ${problem && html`<p class="muted">${problem}</p>`}
  </figure>`;
}

/** The samples of a file, while it is the one that is asked for. */
function useDecoded({ index, sampleRate }, url) {
  const [found, setFound] = useState({});
  useEffect(() => {
    const leaving = new AbortController();
    setFound({});
    decoded(url, sampleRate, leaving.signal).then(
      (buffer) => !leaving.signal.aborted && setFound({ url, buffer }),
      (failure) =>
        !leaving.signal.aborted && setFound({ url, problem: `One-shot ${index} can't be drawn: ${failure.message}` }),
    );
    return () => leaving.abort();
  }, [index, sampleRate, url]);
  return found.url === url ? found : {};
}

async function decoded(url, sampleRate, signal) {
  const answer = await fetch(url, { signal });
  if (!answer.ok) throw new Error(`the server answers ${answer.status}.`);
  const isRate = sampleRate >= RATES.least && sampleRate <= RATES.most;
  const context = new OfflineAudioContext(1, 1, isRate ? sampleRate : ANY_RATE);
  return context.decodeAudioData(await answer.arrayBuffer());
}

/** Draws the first `seconds`; returns what takes the drawing away. */
function drawn(box, buffer, seconds) {
  const wavesurfer = WaveSurfer.create({
    container: box,
    height: HEIGHT,
    peaks: outlinesOf(buffer, seconds),
    duration: seconds,
    interact: false,
    cursorWidth: 0,
    cspNonce: document.body.dataset.styleNonce,
    plugins: [timelineOf(timeScale(box.clientWidth / seconds, seconds), undefined, milliseconds)],
    ...colours(box),
  });
  return () => wavesurfer.destroy();
}

function milliseconds(seconds) {
  return `${number(seconds * 1000)} ms`;
}

function outlinesOf(buffer, seconds) {
  const samples = Math.max(1, Math.round(seconds * buffer.sampleRate));
  const columns = Math.min(COLUMNS, samples);
  const peaks = Array.from({ length: buffer.numberOfChannels }, (_, channel) => {
    const data = buffer.getChannelData(channel);
    return resampled({ min: data, max: data }, columns, samples);
  });
  return outlines(together(peaks), Math.abs).heights;
}
