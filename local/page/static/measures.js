/** How an audio engineer reads measurements: the unit, the rounding, a proper minus. */

/** A number with `digits` decimals and a real minus; an en dash for none. */
export function number(value, digits = 0) {
  if (typeof value !== "number" || !Number.isFinite(value)) return NONE;
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

const NONE = "–";
const isKnown = (value) => typeof value === "number" && Number.isFinite(value);
const withUnit = (unit, digits) => (value) => (isKnown(value) ? `${number(value, digits)} ${unit}` : NONE);

export const lufs = withUnit("LUFS", 1);
export const loudnessUnits = withUnit("LU", 1);
export const dbfs = withUnit("dBFS", 1);
export const dbtp = withUnit("dBTP", 1);
export const decibels = withUnit("dB", 1);
export const semitoneCents = (value) => (isKnown(value) ? `${signed(value, 0)} ct` : NONE);
export const gain = (value) => (isKnown(value) ? `${signed(value, 1)} dB` : NONE);
export const tempo = withUnit("BPM", 1);

function signed(value, digits) {
  const text = number(value, digits);
  return Number(value.toFixed(digits)) > 0 ? `+${text}` : text;
}

/** 64.3 Hz, 727 Hz, 6.66 kHz. */
export function hertz(value) {
  if (!isKnown(value)) return NONE;
  if (value < 99.95) return `${number(value, 1)} Hz`;
  return value < 999.5 ? `${number(value)} Hz` : `${number(value / 1000, value < 9995 ? 2 : 1)} kHz`;
}

/** 44.1 kHz, 48 kHz. */
export function sampleRate(value) {
  return isKnown(value) ? `${number(value / 1000, 3).replace(/\.?0+$/, "")} kHz` : NONE;
}

/** 97 kb/s. */
export function bitRate(value) {
  return isKnown(value) ? `${number(value / 1000)} kb/s` : NONE;
}

/** A share or a coefficient from 0 to 1; what is small keeps two figures. */
export function coefficient(value) {
  if (!isKnown(value)) return NONE;
  return value !== 0 && value < 0.01 ? value.toPrecision(1) : number(value, 2);
}

/** A share as 0 %, 0.002 %, 0.4 %, 12 %. */
export function percent(share) {
  if (!isKnown(share)) return NONE;
  const value = 100 * share;
  return `${value !== 0 && value < 1 ? Number(value.toPrecision(1)) : number(value)} %`;
}

/** 3.5 ms, 190 ms, 1.58 s. */
export function span(seconds) {
  if (!isKnown(seconds)) return NONE;
  if (seconds < 0.00995) return `${number(seconds * 1000, 1)} ms`;
  if (seconds < 0.9995) return `${number(seconds * 1000)} ms`;
  return seconds < 60 ? `${number(seconds, 2)} s` : clock(seconds, 1);
}

/** A place in time: 0:02.202, 1:00:07.120. */
export function clock(seconds, digits = 3) {
  if (!isKnown(seconds)) return NONE;
  const scale = 10 ** digits;
  const units = Math.round(seconds * scale);
  const whole = Math.floor(units / scale);
  const fraction = digits ? `.${String(units % scale).padStart(digits, "0")}` : "";
  const two = (value) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  const head = minutes < 60 ? `${minutes}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}`;
  return `${head}:${two(whole % 60)}${fraction}`;
}

export function yesOrNo(value) {
  return value === null || value === undefined ? NONE : value ? "yes" : "no";
}

export function text(value) {
  return value === null || value === undefined || value === "" ? NONE : String(value);
}

export function channels(count) {
  if (!isKnown(count)) return NONE;
  return { 1: "mono", 2: "stereo" }[count] ?? `${count} channels`;
}

const asIs = (value) =>
  typeof value === "number" ? String(Number(value.toPrecision(5))).replace("-", "−") : text(value);

/** What a one-shot is described by, in groups: the field of the manifest, its term, how it reads, what it is. */
export const DESCRIPTORS = [
  {
    group: "Level",
    fields: [
      [
        "peakDbfs",
        "Sample peak",
        dbfs,
        "Of the channels' mean, or of the louder channel where they cancel; after gain",
      ],
      ["rmsDbfs", "RMS level", dbfs, "After gain"],
      ["dynamicRangeDb", "Dynamic range", decibels, "95th over 10th percentile of the level every 4 ms"],
      ["signalToNoiseDb", "Signal to noise", decibels, "Its loudest 8 ms over the noise floor around it"],
      ["noiseFloorDbfs", "Noise floor", dbfs, "Of the noise around it in the recording, after gain"],
    ],
  },
  {
    group: "Pitch",
    fields: [
      ["pitchHz", "Fundamental", hertz, "Fundamental frequency, 40 Hz to 4 kHz"],
      ["noteName", "Note", text, "The nearest note of equal temperament, A4 = 440 Hz"],
      ["midiNote", "MIDI note", text, "69 is A4"],
      ["cents", "Deviation", semitoneCents, "From the nearest note to the pitch, hundredths of a semitone"],
      ["pitchedness", "Pitchedness", coefficient, "How periodic it is throughout, 0 to 1: the confidence of the pitch"],
    ],
  },
  {
    group: "Spectrum",
    fields: [
      ["spectralCentroidHz", "Centroid", hertz, "Spectral centroid; spectral means are weighted by energy"],
      ["spectralBandwidthHz", "Bandwidth", hertz, "Standard deviation around the centroid"],
      ["spectralRolloffHz", "Rolloff (85 %)", hertz, "Under it lie 85 % of the magnitudes"],
      ["spectralFlatness", "Flatness", coefficient, "0 for a tone, towards 1 for white noise"],
      ["brightness", "Brightness", coefficient, "Share of the energy above 1500 Hz, 0 to 1"],
      [
        "zeroCrossingRateHz",
        "Zero crossings",
        (value) => (isKnown(value) ? `${number(value)} /s` : NONE),
        "Zero crossings a second",
      ],
    ],
  },
  {
    group: "Envelope and kind",
    fields: [
      ["attackSeconds", "Attack time", span, "From 10 % to 90 % of the envelope's peak"],
      [
        "attackLog10",
        "Log attack time",
        (value) => number(value, 2),
        "log10 of the attack time in seconds, of at least 0.5 ms",
      ],
      ["onsetCount", "Onsets", text, "Attacks in it"],
      ["singleEvent", "Single event", yesOrNo, "Whether it is one sound and not several", "singleEventConfidence"],
      [
        "loopable",
        "Loopable",
        yesOrNo,
        "Whether its middle can be repeated without a swell, a gap or a change of colour",
        "loopableConfidence",
      ],
      ["kind", "Kind", text, "percussive, tonal, voice or noise", "kindConfidence"],
    ],
  },
];

const KNOWN = new Set(
  DESCRIPTORS.flatMap(({ fields }) => fields.flatMap(([name, , , , confidence]) => [name, confidence])),
);

/** A one-shot's descriptors in groups of {name, term, meaning, value}, those of a later version last and as they are. */
export function described(descriptors) {
  const groups = DESCRIPTORS.map(({ group, fields }) => ({
    group,
    values: fields.map(([name, term, read, meaning, confidence]) => ({
      name,
      term,
      meaning,
      value: withConfidence(read(descriptors[name]), descriptors[confidence]),
    })),
  }));
  const others = Object.entries(descriptors).filter(([name]) => !KNOWN.has(name));
  if (others.length === 0) return groups;
  return [
    ...groups,
    { group: "More", values: others.map(([name, value]) => ({ name, term: name, meaning: name, value: asIs(value) })) },
  ];
}

/** "percussive (0.91)": a probability beside what it is of. */
export function withConfidence(value, confidence) {
  return value !== NONE && isKnown(confidence) ? `${value} (${number(confidence, 2)})` : value;
}
