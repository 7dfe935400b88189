"""Draw how the sounds of a recording are found: `python -m bench.draw_finding FILE --from 0 --to 12 --output x.png`.

From top to bottom: what the network sees (29 bands, in dB over the noise floor), its onset activation, its audible
activation, and as a line over all of it the one-shots that come of them.
"""

import argparse
from pathlib import Path

import numpy as np

from bench.methods import find_our_package

ROW_PIXELS = 10
CURVE_PIXELS, GAP_PIXELS = 70, 10
RANGE_TENS_OF_DB = 5.0


def main() -> None:
    """Draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--from", dest="start", type=float, default=0.0, help="seconds")
    parser.add_argument("--to", dest="end", type=float, default=12.0, help="seconds")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    find_our_package()
    arguments.output.write_bytes(draw(arguments.file, start=arguments.start, end=arguments.end))


def draw(path: Path, *, start: float, end: float) -> bytes:
    """Return the picture of the seconds `start` to `end` of a recording, as PNG."""
    from oneshots import network, observation, segmentation, spectrum
    from oneshots.blocks import mean_per_channel
    from oneshots.canvas import HEAT_COLOURS, PLOT_WIDTH, Canvas, Paint
    from oneshots.decode import decode

    recording = decode(path)
    samples, rate = recording.samples, recording.sample_rate
    dc_offset = mean_per_channel(samples)
    observed = observation.observe(
        spectrum.band_powers(samples, rate), spectrum.long_band_powers(samples, rate, dc_offset=dc_offset)
    )
    heard = network.activations(observed)
    spans = [
        (each.start / rate - start, each.end / rate - start)
        for each in segmentation.segment_adaptively(samples, rate, dc_offset=dc_offset).segments
        if start < each.start / rate < each.end / rate < end
    ]
    frames = np.arange(len(observed))
    over = observation.over_floor(observed.long, observed.long_floor.at(frames))
    columns = np.linspace(start, end, PLOT_WIDTH, endpoint=False) / observation.HOP_SECONDS
    columns = np.minimum(columns.astype(int), len(observed) - 1)
    bands_pixels = ROW_PIXELS * over.shape[1]
    height = bands_pixels + 2 * (GAP_PIXELS + CURVE_PIXELS)
    canvas = Canvas(seconds=end - start, top_pixels=24, plot_pixels=height)
    heat = np.clip(over[columns] / RANGE_TENS_OF_DB, 0, 1) * (HEAT_COLOURS - 1)
    canvas.plot[:bands_pixels] = np.repeat(heat.T[::-1].astype(np.uint8) + np.uint8(Paint.HEAT), ROW_PIXELS, axis=0)
    for number, (curve, paint) in enumerate(((heard.onset, Paint.EVEN), (heard.audible, Paint.ODD))):
        top = bands_pixels + GAP_PIXELS + number * (CURVE_PIXELS + GAP_PIXELS)
        _paint_curve(canvas.plot[top : top + CURVE_PIXELS], _highest_per_column(curve, columns), paint)
        canvas.label_row(("onset", "heard")[number], top + CURVE_PIXELS // 2)
    canvas.plot[bands_pixels : bands_pixels + GAP_PIXELS] = Paint.BACKGROUND
    canvas.label_row("16 kHz", ROW_PIXELS)
    canvas.label_row("1 kHz", bands_pixels - 12 * ROW_PIXELS)
    canvas.label_row("63 Hz", bands_pixels - ROW_PIXELS)
    canvas.paint_spans(spans, height=10)
    return canvas.png()


def _highest_per_column(curve: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the most that `curve` reaches from each column's frame to the next one's."""
    ends = np.append(columns[1:], columns[-1] + 1)
    return np.array([curve[first : max(last, first + 1)].max() for first, last in zip(columns, ends, strict=True)])


def _paint_curve(plot: np.ndarray, values: np.ndarray, paint: int) -> None:
    """Fill `plot`, shape (pixels, columns), from below up to `values`, 0..1."""
    rows = np.arange(len(plot))[::-1, None]
    plot[rows < values[None, :] * len(plot)] = paint


if __name__ == "__main__":
    main()
