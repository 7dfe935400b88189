/** One sound at a time: the recording, a cut in it, or a finished one-shot. */

const NEAR_SECONDS = 0.1;

/**
 * Plays with two audio elements, and tells `onChange` what sounds: null, or {what: "source" | "region" | "one-shot", index}.
 */
export class Sounds {
  #source = null;
  #oneShot = null;
  #onChange;
  #index = null;
  #region = null;
  #frame = 0;
  #timer = 0;

  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** Takes the two audio elements; returns what lets go of them and ends every sound. */
  attach(source, oneShot) {
    this.#source = source;
    this.#oneShot = oneShot;
    const leaving = new AbortController();
    const { signal } = leaving;
    for (const event of ["play", "pause", "ended", "error"]) {
      source.addEventListener(event, () => this.#tell(), { signal });
      oneShot.addEventListener(event, () => this.#tell(), { signal });
    }
    // a page that nobody sees draws no frames, but its audio goes on
    source.addEventListener("timeupdate", () => this.#region && this.#watch(), { signal });
    source.addEventListener("pause", () => source.paused && this.#forgetRegion(), { signal });
    return () => {
      this.stop();
      leaving.abort();
    };
  }

  /** Plays the recording from where it stands, or stops it. */
  toggleSource() {
    const wasSounding = isSounding(this.#source);
    this.stop();
    if (!wasSounding) this.#play(this.#source, null);
  }

  /** Plays the recording from a cut's start exactly to its end, or stops that. */
  toggleRegion({ index, startSeconds, endSeconds }) {
    const wasSounding = isSounding(this.#source) && this.#region !== null && this.#index === index;
    this.stop();
    if (wasSounding) return;
    this.#source.currentTime = startSeconds;
    this.#region = { startSeconds, endSeconds };
    this.#play(this.#source, index);
    this.#watch();
  }

  /** Plays the file of a one-shot from its start, or stops it. */
  toggleOneShot({ index }, url) {
    const wasSounding = isSounding(this.#oneShot) && this.#index === index;
    this.stop();
    if (wasSounding) return;
    if (this.#oneShot.getAttribute("src") !== url) this.#oneShot.src = url;
    this.#oneShot.currentTime = 0;
    this.#play(this.#oneShot, index);
  }

  /** Goes to a time of the recording. Beside the cut that sounds the recording sounds on, and not to the cut's end only. */
  seek(seconds) {
    const region = this.#region;
    if (region && (seconds < region.startSeconds || seconds >= region.endSeconds)) this.#forgetRegion();
    this.#source.currentTime = seconds;
    this.#tell();
  }

  stop() {
    this.#source.pause();
    this.#oneShot.pause();
    this.#forgetRegion();
  }

  #play(element, index) {
    this.#index = index;
    element.play().catch((problem) => {
      // it was stopped before it began, or its error event tells
      if (problem.name !== "AbortError" && problem.name !== "NotSupportedError") throw problem;
    });
  }

  /** Looks with every frame whether a region is over, and near its end by a timer too: frames come late on a busy machine. */
  #watch() {
    this.#unwatch();
    const seconds = this.#region.endSeconds - this.#source.currentTime;
    if (seconds <= 0) {
      this.#endRegion();
      return;
    }
    this.#frame = requestAnimationFrame(() => this.#watch());
    if (seconds < NEAR_SECONDS) this.#timer = setTimeout(() => this.#watch(), seconds * 1000);
  }

  #endRegion() {
    const { endSeconds } = this.#region;
    this.#source.pause();
    this.#forgetRegion();
    this.#source.currentTime = endSeconds;
  }

  #forgetRegion() {
    this.#region = null;
    this.#unwatch();
  }

  #unwatch() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
  }

  #tell() {
    if (isSounding(this.#oneShot)) this.#onChange({ what: "one-shot", index: this.#index });
    else if (!isSounding(this.#source)) this.#onChange(null);
    else this.#onChange(this.#region ? { what: "region", index: this.#index } : { what: "source", index: null });
  }
}

function isSounding(element) {
  return !element.paused && !element.ended;
}
