/** The waveform of a recording with its cuts, drawn by wavesurfer from `waveform.json`: the audio is never decoded for it. */

import { html, useEffect, useLayoutEffect, useRef, useState } from "page/html.js";
import { clock, number, span } from "page/measures.js";
import {
  channelPeaks,
  checkedWaveform,
  cutAt,
  height,
  numbered,
  outlines,
  resampled,
  timeScale,
  together,
} from "page/waveform.js";
import WaveSurfer from "wavesurfer";
import Regions from "wavesurfer-regions";
import Timeline from "wavesurfer-timeline";

const HEIGHT = 168;
const TIMELINE_HEIGHT = 22;
const WAVE_SHARE = 0.82; // the numbers of the cuts stand above it
const CLOSEST_PIXELS_PER_SECOND = 800;
const WIDEST_PIXELS = 500_000; // of the whole recording, however close
const REACH_PIXELS = 5; // how far beside a cut a click may be
const COARSE_PIXELS = 4; // a pixel of waveform.json that is drawn wider than this is told of
const MOST_REGIONS = 150; // more at once are slow
const LEAST_RULING_PIXELS = 14;
const NO_INTERVAL = Number.NaN; // the plugin would take its own for none, and rounds to 10 ms
const RULED_DBFS = [0, -6, -12, -24, -40, -60];

/**
 * `url` is where waveform.json is, `durationSeconds` the recording's, `media` the audio element that plays it. `cuts` are in order;
 * `onCut(cut, isSource)` hears of clicks on one (with shift its source is meant), `onSeek(seconds)` of clicks anywhere, `onZoomTo()` when the selected cut is drawn closely. In `kept` it
 * leaves zoom and place, and finds them there.
 */
export function Waveform({ url, durationSeconds, cuts, selected, media, kept, onCut, onSeek, onZoomTo, children }) {
  const box = useRef(null);
  const clicked = useRef(null);
  const selectedNow = useRef(selected);
  selectedNow.current = selected;
  const [drawing, setDrawing] = useState(null);
  const [problem, setProblem] = useState(null);
  const [zoom, setZoom] = useState(kept.zoom ?? 1);
  kept.zoom = zoom;
  clicked.current = { onCut, onSeek };

  useEffect(() => {
    if (!media) return undefined;
    let isOver = false;
    let drawn = null;
    setDrawing(null);
    setProblem(null);
    loadWaveform(url)
      .then(async (waveform) => {
        if (isOver) return;
        drawn = new Drawing({ box: box.current, waveform, durationSeconds, cuts, media, clicked, kept });
        await drawn.isDrawn;
        if (isOver) return;
        drawn.resume(selectedNow.current);
        setDrawing(drawn);
      })
      .catch((failure) => !isOver && setProblem(failure.message));
    return () => {
      isOver = true;
      drawn?.destroy();
    };
  }, [url, durationSeconds, cuts, media, kept]);

  useLayoutEffect(() => drawing?.select(selected), [drawing, selected]);
  useLayoutEffect(() => drawing?.zoom(Math.min(zoom, drawing.mostZoom)), [drawing, zoom]);

  const most = drawing?.mostZoom ?? 1;
  const isCoarse = drawing && zoom * drawing.pixelWidth > COARSE_PIXELS;
  return html`<div class="waveform">
    <div class="waveform-box" style=${{ height: `${HEIGHT + TIMELINE_HEIGHT}px` }} aria-busy=${!drawing && !problem}>
      ${problem ? html`<p class="empty">${problem}</p>` : !drawing && html`<p class="empty waveform-wait">Drawing …</p>`}
      ${drawing && html`<${Ruler} peak=${drawing.peak} />`}
      <div class="waveform-surface" ref=${box}></div>
    </div>
    <div class="transport">
      ${children}
      <${Position} media=${media} durationSeconds=${durationSeconds} />
      <span class="zoom" role="group" aria-label="Zoom">
        ${isCoarse && html`<span class="muted">waveform.json: ${span(drawing.pixelSeconds)} a pixel</span>`}
        <button type="button" disabled=${!drawing || zoom <= 1} onClick=${() => setZoom(Math.max(1, zoom / 2))} aria-label="Zoom out">−</button>
        <button type="button" disabled=${!drawing || zoom >= most} onClick=${() => setZoom(Math.min(most, zoom * 2))} aria-label="Zoom in">+</button>
        <button type="button" disabled=${!drawing || zoom === 1} onClick=${() => setZoom(1)}>Fit</button>
        <button
          type="button"
          disabled=${!drawing || selected === null}
          onClick=${() => {
            setZoom(drawing.zoomTo(selected));
            onZoomTo();
          }}
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
    const written = place.current;
    const leaving = new AbortController();
    let frame = 0;
    const follow = () => {
      cancelAnimationFrame(frame);
      written.textContent = clock(media.currentTime, 2);
      if (!media.paused) frame = requestAnimationFrame(follow);
    };
    for (const event of ["play", "seeking", "seeked", "timeupdate", "pause"]) {
      media.addEventListener(event, follow, { signal: leaving.signal });
    }
    follow();
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
    .map(({ level, share }) => ({ level, top: (HEIGHT / 2) * (1 - share * WAVE_SHARE) }))
    .filter(({ top }, at, all) => at === 0 || top - all[at - 1].top >= LEAST_RULING_PIXELS);
  return html`<div class="ruler" aria-hidden="true">
    ${rulings.map(({ level, top }) => html`<span key=${level} style=${{ top: `${top}px` }}>${number(level)} dBFS</span>`)}
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
  #kept;
  #timeline;
  #timelineBox = document.createElement("div");
  #leaving = new AbortController();

  constructor({ box, waveform, durationSeconds, cuts, media, clicked, kept }) {
    this.#cuts = cuts;
    this.#kept = kept;
    this.durationSeconds = durationSeconds;
    this.closest = Math.min(CLOSEST_PIXELS_PER_SECOND, WIDEST_PIXELS / durationSeconds);
    const columns = Math.max(1, Math.ceil(durationSeconds * this.closest));
    const pixels = (durationSeconds * waveform.sampleRate) / waveform.samplesPerPixel;
    const { peak, heights } = outlines(resampled(together(channelPeaks(waveform)), columns, pixels));
    this.peak = peak;
    this.pixelSeconds = waveform.samplesPerPixel / waveform.sampleRate;
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
      plugins: [this.#regions],
      ...colours(box),
    });
    // A file's own duration may be another than what was decoded of it; all times of cuts are of the latter.
    this.#wavesurfer.getDuration = () => durationSeconds;
    this.isDrawn = new Promise((resolve, reject) => {
      this.#wavesurfer.on("ready", () => {
        this.#wavesurfer.getWrapper().prepend(shades(cuts, durationSeconds));
        this.#wavesurfer.getWrapper().append(this.#timelineBox);
        this.#writeTimes();
        this.#mark();
        resolve();
      });
      this.#wavesurfer.on("error", (problem) => !this.#wavesurfer.getDecodedData() && reject(problem));
    });
    this.#listen(box, clicked);
  }

  get mostZoom() {
    return Math.max(1, this.closest / this.#fitting);
  }

  /** How wide a pixel of waveform.json is drawn when all of it fits. */
  get pixelWidth() {
    return this.pixelSeconds * this.#fitting;
  }

  /** Draws a cut a quarter as wide as what is seen, in the middle; returns the zoom for it. */
  zoomTo(index) {
    const { startSeconds, endSeconds } = this.#cutOf(index);
    const wanted = this.#wavesurfer.getWidth() / 4 / (endSeconds - startSeconds) / this.#fitting;
    this.#drawAt(Math.min(Math.max(1, wanted), this.mostZoom), middleOf({ startSeconds, endSeconds }));
    return this.#zoom;
  }

  /** Draws what was seen when it was left. */
  resume(selected) {
    this.#selected = selected;
    const { zoom = 1, middle = this.durationSeconds / 2 } = this.#kept;
    if (zoom > 1) this.#drawAt(Math.min(zoom, this.mostZoom), middle);
    else this.#mark();
  }

  /** Marks a cut, and brings another one than before into view. */
  select(index) {
    if (index === this.#selected) return;
    this.#selected = index;
    const cut = this.#cutOf(index);
    const { from, to } = this.#seen;
    if (cut && (cut.startSeconds < from || cut.endSeconds > to)) this.#centre(middleOf(cut));
    this.#mark();
  }

  /** Draws `zoom` times as wide as what fits, around the selected cut where it is to be seen, else around the middle. */
  zoom(zoom) {
    if (zoom === this.#zoom) return;
    const { from, to } = this.#seen;
    const cut = this.#cutOf(this.#selected);
    const isSeen = cut && middleOf(cut) >= from && middleOf(cut) <= to;
    this.#drawAt(zoom, isSeen ? middleOf(cut) : (from + to) / 2);
  }

  destroy() {
    this.#leaving.abort();
    this.#wavesurfer.destroy();
  }

  /** Pixels a second when all of it fits. */
  get #fitting() {
    return this.#wavesurfer.getWidth() / this.durationSeconds;
  }

  get #pixelsPerSecond() {
    return this.#wavesurfer.getWrapper().scrollWidth / this.durationSeconds;
  }

  get #seen() {
    const scroll = this.#wavesurfer.getScroll();
    const scale = this.#pixelsPerSecond;
    return { from: scroll / scale, to: (scroll + this.#wavesurfer.getWidth()) / scale };
  }

  #drawAt(zoom, middle) {
    this.#zoom = zoom;
    this.#timeline?.destroy();
    this.#wavesurfer.zoom(zoom === 1 ? 0 : zoom * this.#fitting);
    this.#writeTimes();
    this.#centre(middle);
    this.#mark();
  }

  /** A timeline keeps the scale that it was made with: every zoom has its own. */
  #writeTimes() {
    this.#timeline?.destroy();
    this.#timeline = timelineOf(timeScale(this.#pixelsPerSecond, this.durationSeconds), this.#timelineBox);
    // It measures each of its thousands of ticks as it adds it: a layout each, unless nothing of it is laid out.
    this.#timelineBox.style.display = "none";
    this.#wavesurfer.registerPlugin(this.#timeline);
    this.#timelineBox.style.display = "";
  }

  #cutOf(index) {
    return this.#cuts.find((cut) => cut.index === index);
  }

  #centre(seconds) {
    this.#wavesurfer.setScroll(Math.max(0, seconds * this.#pixelsPerSecond - this.#wavesurfer.getWidth() / 2));
    this.#kept.middle = seconds;
  }

  /** Gives the cuts that are seen a region; where they are too many for that, those whose number has room. */
  #mark() {
    const { from, to } = this.#seen;
    const numbers = numbered(this.#cuts, this.#pixelsPerSecond, this.#selected);
    const seen = this.#cuts.filter(({ startSeconds, endSeconds }) => endSeconds >= from && startSeconds <= to);
    const marked = seen.length <= MOST_REGIONS ? seen : seen.filter(({ index }) => numbers.has(index));
    const kept = new Set(marked.map(({ index }) => index));
    for (const [index, region] of this.#marks) {
      if (kept.has(index)) continue;
      region.remove();
      this.#marks.delete(index);
    }
    for (const cut of marked) {
      const region = this.#marks.get(cut.index) ?? this.#markOf(cut);
      region.element.part.toggle("selected", cut.index === this.#selected);
      region.element.part.toggle("edged", marked === seen);
      if (numbers.has(cut.index) !== Boolean(region.content)) {
        region.setContent(numbers.has(cut.index) ? numberOf(cut.index) : undefined);
      }
    }
  }

  #markOf({ index, startSeconds, endSeconds }) {
    const region = this.#regions.addRegion({
      id: `cut-${index} ${shadeOf(index)}`, // becomes the names of its part, which the style sheet goes by
      start: startSeconds,
      end: endSeconds,
      color: "transparent",
      drag: false,
      resize: false,
    });
    region.element.style.cursor = "pointer";
    this.#marks.set(index, region);
    return region;
  }

  #listen(box, clicked) {
    const { signal } = this.#leaving;
    const wrapper = this.#wavesurfer.getWrapper();
    const onClick = (event) => {
      const { left, width } = wrapper.getBoundingClientRect();
      const seconds = Math.min(1, Math.max(0, (event.clientX - left) / width)) * this.durationSeconds;
      const cut = cutAt(this.#cuts, seconds, (REACH_PIXELS * this.durationSeconds) / width);
      clicked.current.onSeek(seconds);
      if (cut) clicked.current.onCut(cut, event.shiftKey);
    };
    wrapper.addEventListener("click", onClick, { signal });
    this.#wavesurfer.on("scroll", () => {
      if (!this.#wavesurfer.getDecodedData()) return;
      this.#kept.middle = middleOf({ startSeconds: this.#seen.from, endSeconds: this.#seen.to });
      this.#mark();
    });
    this.#wavesurfer.on("resize", () => {
      this.#writeTimes();
      this.#mark();
    });
    const onTheme = () => this.#wavesurfer.setOptions(colours(box));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onTheme, { signal });
  }
}

/** wavesurfer's timeline with a label every so many ticks, and no other kind of label. */
export function timelineOf({ labelSeconds, ticks, digits }, container, write = (seconds) => clock(seconds, digits)) {
  return Timeline.create({
    container,
    height: TIMELINE_HEIGHT,
    timeInterval: labelSeconds / ticks,
    primaryLabelSpacing: ticks,
    primaryLabelInterval: NO_INTERVAL,
    secondaryLabelInterval: NO_INTERVAL,
    secondaryLabelOpacity: 0.6, // of the ticks
    formatTimeCallback: write,
  });
}

function middleOf({ startSeconds, endSeconds }) {
  return (startSeconds + endSeconds) / 2;
}

function shadeOf(index) {
  return index % 2 ? "odd" : "even";
}

/** All cuts as two shapes, behind the waveform: an element for each of thousands would take seconds. */
function shades(cuts, durationSeconds) {
  const create = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
    return element;
  };
  const picture = create("svg", { part: "shades", viewBox: `0 0 ${durationSeconds} 1`, preserveAspectRatio: "none" });
  Object.assign(picture.style, { position: "absolute", top: "0", left: "0", width: "100%", height: "100%" });
  for (const shade of ["odd", "even"]) {
    const outline = cuts
      .filter(({ index }) => shadeOf(index) === shade)
      .map(({ startSeconds, endSeconds }) => `M${startSeconds} 0H${endSeconds}V1H${startSeconds}Z`);
    const path = create("path", { d: outline.join("") });
    path.style.fill = `var(--cut-${shade}-soft)`;
    picture.append(path);
  }
  return picture;
}

function numberOf(index) {
  const element = document.createElement("span");
  element.textContent = String(index);
  return element;
}

/** A canvas knows no CSS variables: the colours as they are now. */
export function colours(box) {
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
