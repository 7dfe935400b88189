import assert from "node:assert/strict";
import { test } from "node:test";
import {
  channelPeaks,
  checkedWaveform,
  cutAt,
  numbered,
  outlines,
  resampled,
  timeScale,
  together,
} from "page/waveform.js";

const MONO = {
  version: 2,
  channels: 1,
  sample_rate: 44100,
  samples_per_pixel: 256,
  bits: 16,
  length: 2,
  data: [-16384, 8192, -32768, 32767],
};

const cut = (index, startSeconds, endSeconds) => ({ index, startSeconds, endSeconds });

test("given what audiowaveform writes, when it is checked, then it comes back with its numbers", () => {
  const waveform = checkedWaveform(MONO);

  assert.deepEqual(waveform, {
    channels: 1,
    sampleRate: 44100,
    samplesPerPixel: 256,
    bits: 16,
    length: 2,
    data: MONO.data,
  });
});

for (const [what, change, told] of [
  ["another version", { version: 1 }, /version is 1; allowed is 2/],
  ["other bits", { bits: 24 }, /bits is 24; allowed is 8 or 16/],
  ["no channels", { channels: 0 }, /channels is 0; allowed is 1 to 24/],
  ["a channel count that would take all memory", { channels: 1e9 }, /channels is 1000000000/],
  ["no rate", { sample_rate: null }, /sample_rate is null/],
  ["half a sample a pixel", { samples_per_pixel: 0.5 }, /samples_per_pixel is 0.5/],
  ["a negative length", { length: -1 }, /length is -1/],
  ["fewer numbers than promised", { data: [0, 0] }, /data is 2; allowed is 4 numbers/],
  ["a text for data", { data: "0000" }, /data is 4; allowed is 4 numbers/],
  ["a number beyond its bits", { bits: 8, data: [0, 0, 0, 128] }, /data\[3\] is 128; allowed is an integer of 8 bits/],
  ["a text among the numbers", { data: [0, 0, "<b>", 0] }, /data\[2\] is "<b>"/],
]) {
  test(`given ${what}, when the waveform is checked, then the error names field, value and what is allowed`, () => {
    assert.throws(() => checkedWaveform({ ...MONO, ...change }), told);
  });
}

test("given no document at all, when it is checked, then the error says so", () => {
  assert.throws(() => checkedWaveform(null), /version is undefined/);
});

test("given two channels of 8 bits, when peaks are taken, then each channel has its own, full scale 1", () => {
  const data = [-128, 127, -64, 32, 0, 64, -32, 0];
  const waveform = checkedWaveform({ ...MONO, channels: 2, bits: 8, data });

  const [left, right] = channelPeaks(waveform);

  assert.deepEqual([...left.min, ...left.max], [-1, 0, 127 / 128, 0.5].map(Math.fround));
  assert.deepEqual([...right.min, ...right.max], [-0.5, -0.25, 0.25, 0]);
});

test("given two channels, when they are put together, then the extremes of both stay", () => {
  const both = together([peaksOf([-0.5, 0], [0.25, 0.5]), peaksOf([-0.25, -1], [0.75, 0])]);

  assert.deepEqual(both, peaksOf([-0.5, -1], [0.75, 0.5]));
});

test("given more pixels than columns, when resampled, then no extreme is lost", () => {
  const min = Float32Array.from({ length: 1000 }, (_, at) => (at === 617 ? -1 : 0));
  const max = Float32Array.from({ length: 1000 }, (_, at) => (at === 3 ? 1 : 0));

  const fewer = resampled({ min, max }, 7);

  assert.deepEqual([...fewer.min], [0, 0, 0, 0, -1, 0, 0]);
  assert.deepEqual([...fewer.max], [1, 0, 0, 0, 0, 0, 0]);
});

test("given fewer pixels than columns, when resampled, then each is held where it is", () => {
  const wider = resampled(peaksOf([-0.25, -0.5], [0.25, 0.5]), 6);

  assert.deepEqual([...wider.min], [-0.25, -0.25, -0.25, -0.5, -0.5, -0.5]);
  assert.deepEqual([...wider.max], [0.25, 0.25, 0.25, 0.5, 0.5, 0.5]);
});

test("given a last pixel that is half full, when resampled, then it takes half the width", () => {
  const wider = resampled(peaksOf([0, 0], [0.25, 0.5]), 6, 1.5);

  assert.deepEqual([...wider.max], [0.25, 0.25, 0.25, 0.25, 0.5, 0.5]);
});

test("given a duration beyond the last pixel, when resampled, then the last is held", () => {
  const wider = resampled(peaksOf([0, -0.5], [0.25, 0.5]), 3, 3);

  assert.deepEqual([...wider.max], [0.25, 0.5, 0.5]);
});

test("given a soft recording, when outlined, then its largest sample reaches the edge and a quarter of it half way", () => {
  const { peak, heights } = outlines(peaksOf([-0.25, 0], [0.0625, 0]));

  assert.equal(peak, 0.25);
  assert.deepEqual(
    heights.map((side) => [...side]),
    [
      [0.5, 0],
      [1, 0],
    ],
  );
});

test("given pixels that never cross zero, when outlined, then the other side stays flat", () => {
  const { heights } = outlines(peaksOf([0.25, -1], [1, -0.25]));

  assert.deepEqual(
    heights.map((side) => [...side]),
    [
      [1, 0],
      [0, 1],
    ],
  );
});

test("given silence, when outlined, then it is flat and no division by zero", () => {
  const { peak, heights } = outlines(peaksOf([0, 0], [0, 0]));

  assert.equal(peak, 0);
  assert.deepEqual(
    heights.map((side) => [...side]),
    [
      [0, 0],
      [0, 0],
    ],
  );
});

test("given cuts far apart, when numbered, then all are", () => {
  const shown = numbered([cut(1, 0, 1), cut(2, 1, 2), cut(3, 2, 3)], 100);

  assert.deepEqual([...shown], [1, 2, 3]);
});

test("given cuts close together, when numbered, then none touches another and the selected one is there", () => {
  const cuts = Array.from({ length: 100 }, (_, at) => cut(at + 1, at * 0.1, at * 0.1 + 0.1));

  const shown = [...numbered(cuts, 50, 50)];

  const places = shown.map((index) => ({
    left: (index - 1) * 5,
    right: (index - 1) * 5 + 8 + 7 * String(index).length,
  }));
  assert.ok(shown.includes(50));
  assert.ok(places.every(({ left }, at) => at === 0 || left >= places[at - 1].right));
  assert.ok(shown.length > 15);
});

test("given a time in a cut, between cuts, and near one, when asked for the cut there, then it is the one that is meant", () => {
  const cuts = [cut(1, 1, 2), cut(2, 2, 3), cut(3, 5, 5.01)];

  assert.equal(cutAt(cuts, 1.5).index, 1);
  assert.equal(cutAt(cuts, 2.5).index, 2);
  assert.equal(cutAt(cuts, 4), null);
  assert.equal(cutAt(cuts, 5.05), null);
  assert.equal(cutAt(cuts, 5.05, 0.1).index, 3);
  assert.equal(cutAt(cuts, 3.9, 2).index, 2);
  assert.equal(cutAt([], 1, 2), null);
});

test("given two cuts that meet, when asked for the cut where they do, then it is the one that begins", () => {
  assert.equal(cutAt([cut(1, 1, 2), cut(2, 2, 3)], 2).index, 2);
});

function peaksOf(min, max) {
  return { min: Float32Array.from(min), max: Float32Array.from(max) };
}

for (const [pixelsPerSecond, labelSeconds, digits] of [
  [1180 / 3600, 300, 0],
  [1180 / 31, 2, 0],
  [1180 / 5, 0.5, 1],
  [1180 / 3, 0.2, 1],
  [800, 0.1, 1],
  [11_800, 0.01, 2],
  [100_000, 0.001, 3],
  [1e-6, 3600, 0],
]) {
  test(`given ${pixelsPerSecond} pixels a second, when time is written, then every ${labelSeconds} s and so exactly`, () => {
    const scale = timeScale(pixelsPerSecond, 1);

    assert.deepEqual([scale.labelSeconds, scale.digits], [labelSeconds, digits]);
  });
}

test("given a long recording seen closely, when time is written, then there are not more ticks than can be drawn", () => {
  const { labelSeconds, ticks } = timeScale(800, 600);

  assert.ok((600 / labelSeconds) * ticks <= 8000);
});

test("given samples that are drawn linearly, when they are outlined, then half the largest is half as tall", () => {
  const { peak, heights } = outlines({ min: Float32Array.of(-0.25, 0), max: Float32Array.of(0, 0.5) }, Math.abs);

  assert.equal(peak, 0.5);
  assert.deepEqual([...heights[0], ...heights[1]], [0, 1, 0.5, 0]);
});
