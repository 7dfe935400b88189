/** The waveform of a recording with its cuts, drawn by wavesurfer from `waveform.json`: the audio is never decoded for it. */

import { html, useEffect, useLayoutEffect, useRef, useState } from "page/html.js";
import { clock, dbfs } from "page/measures.js";
import {
  channelPeaks,
  checkedWaveform,
  cutAt,
  height,
  numbered,
  outlines,
  resampled,
  together,
} from "page/waveform.js";
import WaveSurfer from "wavesurfer";
import Regions from "wavesurfer-regions";
import Timeline from "wavesurfer-timeline";

const HEIGHT = 168;
const WAVE_SHARE = 0.82; // the numbers of the cuts stand above it
const CLOSEST_PIXELS_PER_SECOND = 800;
const WIDEST_PIXELS = 500_000; // of the whole recording, however close
const REACH_PIXELS = 5; // how far beside a cut a click may be
const RULED_DBFS = [0, -6, -12, -24, -40, -60];

/**
 * `url` is where waveform.json is, `durationSeconds` the recording's, `media` the audio element that plays it. `cuts` are in order;
 * `onSelect(index)` hears of clicks on one, `onSeek(seconds)` of clicks anywhere.
 */
export function Waveform({ url, durationSeconds, cuts, selected, media, onSelect, onSeek, children }) {
  const box = useRef(null);
  const clicked = useRef(null);
  const [drawing, setDrawing] = useState(null);
  const [problem, setProblem] = useState(null);
  const [zoom, setZoom] = useState(1);
  clicked.current = { onSelect, onSeek };

  useEffect(() => {
    let isOver = false;
    let drawn = null;
    setDrawing(null);
    setProblem(null);
    loadWaveform(url)
      .then(async (waveform) => {
        if (isOver) return;
        drawn = new Drawing({ box: box.current, waveform, durationSeconds, cuts, media, clicked });
        await drawn.isDrawn;
        if (!isOver) setDrawing(drawn);
      })
      .catch((failure) => !isOver && setProblem(failure.message));
    return () => {
      isOver = true;
      drawn?.destroy();
    };
  }, [url, durationSeconds, cuts, media]);

  useLayoutEffect(() => {
    if (!drawing) return undefined;
    drawing.select(selected);
  }, [drawing, selected]);

  useLayoutEffect(() => drawing?.zoom(zoom), [drawing, zoom]);

  const most = drawing?.mostZoom ?? 1;
  return html`<div class="waveform">
    <div class="waveform-box" style=${{ height: `${HEIGHT + 22}px` }} aria-busy=${!drawing && !problem}>
      ${problem ? html`<p class="empty">${problem}</p>` : !drawing && html`<p class="empty waveform-wait">Drawing …</p>`}
      ${drawing && html`<${Ruler} peak=${drawing.peak} />`}
      <div class="waveform-surface" ref=${box}></div>
    </div>
    <div class="transport">
      ${children}
      <${Position} media=${media} durationSeconds=${durationSeconds} />
      <span class="hints muted"><kbd>←</kbd> <kbd>→</kbd> walk the cuts</span>
      <span class="gap"></span>
      <span class="zoom" role="group" aria-label="Zoom">
        <button type="button" disabled=${!drawing || zoom <= 1} onClick=${() => setZoom(Math.max(1, zoom / 2))} aria-label="Zoom out">−</button>
        <button type="button" disabled=${!drawing || zoom >= most} onClick=${() => setZoom(Math.min(most, zoom * 2))} aria-label="Zoom in">+</button>
        <button type="button" disabled=${!drawing || zoom === 1} onClick=${() => setZoom(1)}>Fit</button>
        <button
          type="button"
          disabled=${!drawing || selected === null}
          onClick=${() => setZoom(drawing.zoomOf(selected))}
        >
          Zoom to cut
        </button>
      </span>
    </div>
  </div>`;
}

async function loadWaveform(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`The waveform can't be read: the server answers ${answer.status}.`);
  return checkedWaveform(await answer.json());
}

/** Where the recording stands; written straight into the page, for it changes with every frame. */
function Position({ media, durationSeconds }) {
  const place = useRef(null);
  useEffect(() => {
    if (!media) return undefined;
    const leaving = new AbortController();
    let frame = 0;
    const write = () => {
      place.current.textContent = clock(media.currentTime, 2);
    };
    const follow = () => {
      write();
      if (!media.paused) frame = requestAnimationFrame(follow);
    };
    for (const event of ["play", "seeking", "seeked", "timeupdate", "pause"]) {
      media.addEventListener(
        event,
        () => {
          cancelAnimationFrame(frame);
          follow();
        },
        { signal: leaving.signal },
      );
    }
    write();
    return () => {
      leaving.abort();
      cancelAnimationFrame(frame);
    };
  }, [media]);
  return html`<span class="position"><span ref=${place}>${clock(0, 2)}</span> <span class="muted">/ ${clock(durationSeconds, 2)}</span></span>`;
}

/** Levels at the heights where samples of them are drawn. */
function Ruler({ peak }) {
  const tallest = height(peak) || 1;
  const rulings = RULED_DBFS.map((level) => ({ level, share: height(10 ** (level / 20)) / tallest }))
    .filter(({ share }) => share <= 1)
    .slice(0, 3);
  return html`<div class="ruler" aria-hidden="true" style=${{ height: `${HEIGHT}px` }}>
    ${rulings.map(
      ({
        level,
        share,
      }) => html`<span key=${level} style=${{ top: `${HEIGHT / 2 - (share * WAVE_SHARE * HEIGHT) / 2}px` }}>
        ${level === RULED_DBFS[0] ? "0" : dbfs(level).replace(/\.0 dBFS/, "")} dBFS
      </span>`,
    )}
  </div>`;
}

/** One wavesurfer, from a waveform to its end. */
class Drawing {
  #wavesurfer;
  #regions = Regions.create();
  #cuts;
  #marks = new Map();
  #selected = null;
  #zoom = 1;
  #leaving = new AbortController();

  constructor({ box, waveform, durationSeconds, cuts, media, clicked }) {
    this.#cuts = cuts;
    this.durationSeconds = durationSeconds;
    this.closest = Math.min(CLOSEST_PIXELS_PER_SECOND, WIDEST_PIXELS / durationSeconds);
    const columns = Math.max(1, Math.ceil(durationSeconds * this.closest));
    const pixels = (durationSeconds * waveform.sampleRate) / waveform.samplesPerPixel;
    const { peak, heights } = outlines(resampled(together(channelPeaks(waveform)), columns, pixels));
    this.peak = peak;
    this.#wavesurfer = WaveSurfer.create({
      container: box,
      height: HEIGHT,
      barHeight: WAVE_SHARE,
      peaks: heights,
      duration: durationSeconds,
      media,
      interact: false,
      cursorWidth: 2,
      cspNonce: document.body.dataset.styleNonce,
      plugins: [
        this.#regions,
        Timeline.create({ height: 22, secondaryLabelOpacity: 0.6, formatTimeCallback: (seconds) => clock(seconds, 0) }),
      ],
      ...colours(box),
    });
    // A file's own duration may be another than what was decoded of it; all times of cuts are of the latter.
    this.#wavesurfer.getDuration = () => durationSeconds;
    this.isDrawn = new Promise((resolve, reject) => {
      this.#wavesurfer.on("ready", () => {
        this.#addCuts();
        resolve();
      });
      this.#wavesurfer.on("error", (problem) => !this.#wavesurfer.getDecodedData() && reject(problem));
    });
    this.#wavesurfer.on("resize", () => this.#number());
    this.#listen(box, clicked);
  }

  get mostZoom() {
    return Math.max(1, this.closest / this.#fitting());
  }

  /** The zoom at which a cut takes a quarter of the width. */
  zoomOf(index) {
    const cut = this.#cuts.find((each) => each.index === index);
    const wanted = this.#wavesurfer.getWidth() / 4 / (cut.endSeconds - cut.startSeconds) / this.#fitting();
    return Math.min(Math.max(1, wanted), this.mostZoom);
  }

  select(index) {
    this.#marks.get(this.#selected)?.element?.part.remove("selected");
    this.#selected = index;
    this.#marks.get(index)?.element?.part.add("selected");
    this.#number();
    this.#reveal(index);
  }

  /** Draws `zoom` times as wide as what fits, around the selected cut if it is to be seen, else around the middle. */
  zoom(zoom) {
    if (zoom === this.#zoom) return;
    const width = this.#wavesurfer.getWidth();
    const before = this.#wavesurfer.getWrapper().scrollWidth;
    const seconds = this.durationSeconds / before;
    const scroll = this.#wavesurfer.getScroll();
    const cut = this.#cuts.find((each) => each.index === this.#selected);
    const middle = cut && (cut.startSeconds + cut.endSeconds) / 2;
    const isSeen = cut && middle >= scroll * seconds && middle <= (scroll + width) * seconds;
    const held = isSeen ? middle : (scroll + width / 2) * seconds;
    this.#zoom = zoom;
    this.#wavesurfer.zoom(zoom === 1 ? 0 : zoom * this.#fitting());
    this.#wavesurfer.setScroll(
      Math.max(0, (held / this.durationSeconds) * this.#wavesurfer.getWrapper().scrollWidth - width / 2),
    );
    this.#number();
  }

  destroy() {
    this.#leaving.abort();
    this.#wavesurfer.destroy();
  }

  #fitting() {
    return this.#wavesurfer.getWidth() / this.durationSeconds;
  }

  #addCuts() {
    for (const { index, startSeconds, endSeconds } of this.#cuts) {
      const shade = index % 2 ? "odd" : "even";
      const region = this.#regions.addRegion({
        id: `cut-${index} ${shade}`, // becomes the names of its part, which the style sheet goes by
        start: startSeconds,
        end: endSeconds,
        color: `var(--cut-${shade}-soft)`,
        drag: false,
        resize: false,
      });
      region.element.style.cursor = "pointer";
      this.#marks.set(index, region);
    }
  }

  /** Writes the numbers that have room. */
  #number() {
    const pixelsPerSecond = this.#wavesurfer.getWrapper().scrollWidth / this.durationSeconds;
    const shown = numbered(this.#cuts, pixelsPerSecond, this.#selected);
    for (const [index, region] of this.#marks) {
      if (shown.has(index) === Boolean(region.content)) continue;
      region.setContent(shown.has(index) ? numberOf(index) : undefined);
    }
  }

  #reveal(index) {
    const cut = this.#cuts.find((each) => each.index === index);
    if (!cut) return;
    const width = this.#wavesurfer.getWidth();
    const pixelsPerSecond = this.#wavesurfer.getWrapper().scrollWidth / this.durationSeconds;
    const scroll = this.#wavesurfer.getScroll();
    const [left, right] = [cut.startSeconds * pixelsPerSecond, cut.endSeconds * pixelsPerSecond];
    if (left < scroll || right > scroll + width)
      this.#wavesurfer.setScroll(Math.max(0, (left + right) / 2 - width / 2));
  }

  #listen(box, clicked) {
    const { signal } = this.#leaving;
    this.#wavesurfer.getWrapper().addEventListener(
      "click",
      (event) => {
        const { left, width } = this.#wavesurfer.getWrapper().getBoundingClientRect();
        const seconds = Math.min(1, Math.max(0, (event.clientX - left) / width)) * this.durationSeconds;
        const cut = cutAt(this.#cuts, seconds, (REACH_PIXELS * this.durationSeconds) / width);
        if (cut) clicked.current.onSelect(cut.index);
        clicked.current.onSeek(seconds);
      },
      { signal },
    );
    matchMedia("(prefers-color-scheme: dark)").addEventListener(
      "change",
      () => this.#wavesurfer.setOptions(colours(box)),
      { signal },
    );
  }
}

function numberOf(index) {
  const element = document.createElement("span");
  element.textContent = String(index);
  return element;
}

/** A canvas knows no CSS variables: the colours as they are now. */
function colours(box) {
  const style = getComputedStyle(box);
  const probe = document.createElement("span");
  box.append(probe);
  const read = (name) => {
    probe.style.color = style.getPropertyValue(name);
    return getComputedStyle(probe).color;
  };
  const found = { waveColor: read("--wave"), progressColor: read("--wave-played"), cursorColor: read("--failed") };
  probe.remove();
  return found;
}
