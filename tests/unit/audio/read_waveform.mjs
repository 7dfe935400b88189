// Reads a waveform.json (first argument) as peaks.js and wavesurfer.js do and writes what they see of it, as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [, , waveformPath, nodeModules, duration] = process.argv;
const installed = createRequire(`${nodeModules}/`);
const waveform = JSON.parse(readFileSync(waveformPath, "utf8"));

// peaks.js hands its `dataUri.json` or `waveformData.json` to this library, as it is.
const WaveformData = installed("waveform-data");
const data = WaveformData.create(waveform);
const channel = data.channel(0);

// wavesurfer.load(url, peaks, duration) makes its buffer with this; the rest of it needs a browser.
const decoder = await import(pathToFileURL(`${nodeModules}/wavesurfer.js/dist/decoder.js`));
const buffer = decoder.default.createBuffer([waveform.data.map((value) => value / 32768)], Number(duration));

process.stdout.write(
  JSON.stringify({
    peaks: {
      channels: data.channels,
      bits: data.bits,
      length: data.length,
      sampleRate: data.sample_rate,
      samplesPerPixel: data.scale,
      seconds: data.duration,
      least: channel.min_array(),
      most: channel.max_array(),
    },
    wavesurfer: {
      channels: buffer.numberOfChannels,
      seconds: buffer.duration,
      values: Array.from(buffer.getChannelData(0), (value) => value * 32768),
    },
  }),
);
