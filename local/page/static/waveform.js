/** The drawing of a recording as data, as bbc/audiowaveform writes it (JSON, data format version 2): no samples, only extremes. */

const MOST_CHANNELS = 24;

/**
 * Checks what `waveform.json` holds and gives it back.
 *
 * @throws {Error} It names the field, its value and what is allowed.
 */
export function checkedWaveform(document) {
  const { version, channels = 1, sample_rate, samples_per_pixel, bits, length, data } = document ?? {};
  allow("version", version, version === 2, "2");
  allow("bits", bits, bits === 8 || bits === 16, "8 or 16");
  allow("channels", channels, isCount(channels) && channels <= MOST_CHANNELS, `1 to ${MOST_CHANNELS}`);
  allow("sample_rate", sample_rate, isCount(sample_rate), "a number of samples a second");
  allow("samples_per_pixel", samples_per_pixel, isCount(samples_per_pixel), "a number of samples");
  allow("length", length, length === 0 || isCount(length), "a number of pixels");
  const count = 2 * channels * length;
  allow("data", data?.length ?? null, Array.isArray(data) && data.length === count, `${count} numbers`);
  const most = 2 ** (bits - 1);
  const wrong = data.findIndex((value) => !(Number.isInteger(value) && value >= -most && value < most));
  allow(`data[${wrong}]`, data[wrong], wrong < 0, `an integer of ${bits} bits`);
  return { channels, sampleRate: sample_rate, samplesPerPixel: samples_per_pixel, bits, length, data };
}

function isCount(value) {
  return Number.isInteger(value) && value > 0;
}

function allow(name, value, isAllowed, allowed) {
  if (!isAllowed) throw new Error(`waveform.json: ${name} is ${JSON.stringify(value)}; allowed is ${allowed}.`);
}

/** The least and the largest sample of every pixel, -1 to 1, one pair of arrays a channel. */
export function channelPeaks({ channels, bits, length, data }) {
  const fullScale = 2 ** (bits - 1);
  return Array.from({ length: channels }, (_, channel) => {
    const min = new Float32Array(length);
    const max = new Float32Array(length);
    for (let pixel = 0; pixel < length; pixel++) {
      const at = 2 * (pixel * channels + channel);
      min[pixel] = data[at] / fullScale;
      max[pixel] = data[at + 1] / fullScale;
    }
    return { min, max };
  });
}

/** The extremes of all channels together. */
export function together(peaks) {
  return {
    min: peaks[0].min.map((_, pixel) => Math.min(...peaks.map(({ min }) => min[pixel]))),
    max: peaks[0].max.map((_, pixel) => Math.max(...peaks.map(({ max }) => max[pixel]))),
  };
}

/**
 * `peaks` in `columns` columns that share `pixels` pixels (all by default; a fraction where the last one is not full).
 * A column has the extremes of every pixel that it touches: nothing short is lost where pixels are many, and where they are few each is held.
 */
export function resampled({ min, max }, columns, pixels = min.length) {
  const lowest = new Float32Array(columns);
  const highest = new Float32Array(columns);
  for (let column = 0; column < columns; column++) {
    const first = Math.min(Math.floor((column * pixels) / columns), min.length - 1);
    const end = Math.min(Math.ceil(((column + 1) * pixels) / columns), min.length);
    lowest[column] = min[first];
    highest[column] = max[first];
    for (let pixel = first + 1; pixel < end; pixel++) {
      if (min[pixel] < lowest[column]) lowest[column] = min[pixel];
      if (max[pixel] > highest[column]) highest[column] = max[pixel];
    }
  }
  return { min: lowest, max: highest };
}

/** How tall a sample is drawn: as overview.png does it, the square root, so that a sound 24 dB softer is still a quarter as tall. */
export function height(amplitude) {
  return Math.sqrt(Math.abs(amplitude));
}

/** The two outlines that wavesurfer draws, up and down from the middle, fitted to the largest: `heights`; and that largest, `peak`, as it is. */
export function outlines({ min, max }, heightOf = height) {
  let peak = 0;
  for (let pixel = 0; pixel < min.length; pixel++) peak = Math.max(peak, max[pixel], -min[pixel]);
  const tallest = heightOf(peak) || 1;
  return {
    peak,
    heights: [
      max.map((value) => heightOf(Math.max(0, value)) / tallest),
      min.map((value) => heightOf(Math.min(0, value)) / tallest),
    ],
  };
}

/** Of cuts in order the indexes of those whose number is written: at `pixelsPerSecond` no two touch, and the selected one always is. */
export function numbered(cuts, pixelsPerSecond, selected = null) {
  const shown = new Set();
  const placeOf = (cut) => {
    const left = cut.startSeconds * pixelsPerSecond;
    return { left, right: left + 8 + 7 * String(cut.index).length };
  };
  const chosen = cuts.find((cut) => cut.index === selected);
  const kept = chosen && placeOf(chosen);
  let free = 0;
  for (const cut of cuts) {
    const { left, right } = placeOf(cut);
    const meetsChosen = kept && cut !== chosen && left < kept.right && kept.left < right;
    if (cut === chosen) shown.add(cut.index);
    else if (left >= free && !meetsChosen) shown.add(cut.index);
    else continue;
    free = Math.max(free, right);
  }
  return shown;
}

const LABEL_PIXELS = 72; // between two labels, at least
const MOST_TICKS = 8000;
const SCALES = [
  ...[0.001, 0.01, 0.1].flatMap((unit) => [
    { label: unit, ticks: 5 },
    { label: 2 * unit, ticks: 4 },
    { label: 5 * unit, ticks: 5 },
  ]),
  ...[1, 5, 10, 60, 300, 600, 3600].map((label) => ({ label, ticks: 5 })),
  ...[2, 120, 1800].map((label) => ({ label, ticks: 4 })),
  ...[15, 30, 900].map((label) => ({ label, ticks: 3 })),
].sort((one, other) => one.label - other.label);

/** How time is written along a drawing: the seconds from label to label, the ticks in that, the decimals of a label. */
export function timeScale(pixelsPerSecond, durationSeconds) {
  const { label, ticks } = SCALES.find((scale) => scale.label * pixelsPerSecond >= LABEL_PIXELS) ?? SCALES.at(-1);
  const isCrowded = (durationSeconds / label) * ticks > MOST_TICKS;
  return {
    labelSeconds: label,
    ticks: isCrowded ? 1 : ticks,
    digits: label < 1 ? Math.ceil(-Math.log10(label) - 1e-9) : 0,
  };
}

/** The cut at a time, or the nearest within `reach` seconds of it; null where there is none. Of two that share it the later one. */
export function cutAt(cuts, time, reach = 0) {
  let nearest = null;
  let least = reach;
  for (const cut of cuts) {
    const distance = Math.max(cut.startSeconds - time, time - cut.endSeconds, 0);
    if (distance > least) continue;
    nearest = cut;
    least = distance;
  }
  return nearest;
}
