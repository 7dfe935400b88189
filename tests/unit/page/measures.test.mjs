import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as measures from "page/measures.js";

const SCHEMA = new URL("../../../container/oneshots/manifest.schema.json", import.meta.url);
const NONE = "–";
const readers = new Map(Object.entries(measures));

for (const [name, value, read] of [
  ["lufs", -18, "−18.0 LUFS"],
  ["lufs", null, NONE],
  ["dbfs", -64.82, "−64.8 dBFS"],
  ["dbtp", -0.04, "0.0 dBTP"],
  ["gain", 6.73, "+6.7 dB"],
  ["gain", -2.07, "−2.1 dB"],
  ["gain", 0, "0.0 dB"],
  ["gain", -0.01, "0.0 dB"],
  ["semitoneCents", -30.46783, "−30 ct"],
  ["semitoneCents", 0.2, "0 ct"],
  ["hertz", 64.26538, "64.3 Hz"],
  ["hertz", 725.6, "726 Hz"],
  ["hertz", 999.6, "1.00 kHz"],
  ["hertz", 6664.46, "6.66 kHz"],
  ["hertz", 12498.6, "12.5 kHz"],
  ["hertz", null, NONE],
  ["hertz", "<b>", NONE],
  ["sampleRate", 44100, "44.1 kHz"],
  ["sampleRate", 48000, "48 kHz"],
  ["sampleRate", 11025, "11.025 kHz"],
  ["bitRate", 96992, "97 kb/s"],
  ["coefficient", 0, "0.00"],
  ["coefficient", 0.90434, "0.90"],
  ["coefficient", 0.00006, "0.00006"],
  ["percent", 0, "0 %"],
  ["percent", 0.00002, "0.002 %"],
  ["percent", 0.123, "12 %"],
  ["span", 0.00349, "3.5 ms"],
  ["span", 0.00998, "10 ms"],
  ["span", 0.189977, "190 ms"],
  ["span", 0.9999, "1.00 s"],
  ["span", 1.558, "1.56 s"],
  ["span", 75.04, "1:15.0"],
  ["clock", 2.201973, "0:02.202"],
  ["clock", 59.9996, "1:00.000"],
  ["clock", 3607.12, "1:00:07.120"],
  ["clock", undefined, NONE],
  ["channels", 1, "mono"],
  ["channels", 6, "6 channels"],
]) {
  test(`given ${JSON.stringify(value)}, when read as ${name}, then it says ${read}`, () => {
    assert.equal(readers.get(name)(value), read);
  });
}

test("given every descriptor of the manifest's schema, when described, then each has a term, or stands as the confidence of another", () => {
  const schema = JSON.parse(readFileSync(SCHEMA, "utf8"));
  const names = Object.keys(schema.properties.oneShots.items.properties.descriptors.properties);
  const descriptors = Object.fromEntries(names.map((name) => [name, name.endsWith("Confidence") ? 0.75 : 1]));

  const groups = measures.described(descriptors);

  const shown = groups.flatMap(({ values }) => values);
  const confident = shown.filter(({ value }) => value.endsWith("(0.75)")).map(({ name }) => `${name}Confidence`);
  assert.deepEqual(new Set([...shown.map(({ name }) => name), ...confident]), new Set(names));
  assert.ok(!groups.some(({ group }) => group === "More"));
});

test("given a descriptor of a later version, when described, then it is shown as it is", () => {
  const groups = measures.described({ warmth: -0.1234567, mood: "<i>", isNew: true });

  const more = groups.at(-1);
  assert.equal(more.group, "More");
  assert.deepEqual(
    more.values.map(({ name, value }) => [name, value]),
    [
      ["warmth", "−0.12346"],
      ["mood", "<i>"],
      ["isNew", "true"],
    ],
  );
});

test("given a sound without a pitch, when described, then a dash stands for it and no confidence", () => {
  const groups = measures.described({ kind: null, kindConfidence: 0.5, pitchHz: null });

  const values = new Map(groups.flatMap((group) => group.values.map(({ name, value }) => [name, value])));
  assert.equal(values.get("pitchHz"), NONE);
  assert.equal(values.get("kind"), NONE);
});
