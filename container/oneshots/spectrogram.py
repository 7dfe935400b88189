"""spectrogram.png: which frequencies sound when, over a logarithmic axis, as colours of dBFS."""

from collections.abc import Sequence
from itertools import batched

import numpy as np

from oneshots.blocks import BLOCK_SAMPLES
from oneshots.canvas import HEAT_COLOURS, PLOT_WIDTH, Canvas, Paint, Span
from oneshots.samples import Samples

_TOP_PIXELS, _PLOT_PIXELS = 64, 420
_SPAN_PIXELS = 10
_LEGEND_PIXELS = (220, 24)
WINDOW_SECONDS = 0.046
FRAMES_A_COLUMN = 6
_COLUMNS_A_BATCH = 32
_LOWEST_HZ, _HIGHEST_HZ = 50.0, 20000.0
_LABELS_HZ = (100, 200, 500, 1000, 2000, 5000, 10000)
# What lies deeper is not drawn: 80 dB at most, and less over a noise floor, which would wash the colours out.
_DEEPEST_DB, _SHALLOWEST_DB = 80.0, 40.0
_FLOOR_PERCENTILE = 40
_SILENCE = 1e-12


def spectrogram_png(samples: Samples, rate: int, *, spans: Sequence[Span]) -> bytes:
    """Draw `samples`, shape (channels, n), from 50 Hz to 20 kHz or half the rate; the one-shots are a line on top.

    0 dB is a full-scale sine; the channels' powers are averaged. A column of a long recording shows the six liveliest
    moments in it: a short sound must not vanish in a column of seconds. `samples` may be anything with a shape that
    hands out slices: it is read in blocks.
    """
    canvas = Canvas(seconds=samples.shape[1] / rate, top_pixels=_TOP_PIXELS, plot_pixels=_PLOT_PIXELS)
    frequencies = _row_frequencies(rate)
    powers = _powers_per_column(samples, rate) @ _bins_to_rows(rate, frequencies)
    levels = 10 * np.log10(np.maximum(powers, _SILENCE))
    floor, ceiling = _range_db(levels)
    canvas.plot[:] = _heat((levels - floor) / (ceiling - floor)).T
    canvas.paint_spans(spans, height=_SPAN_PIXELS)
    _draw_frequencies(canvas, frequencies)
    _draw_legend(canvas, floor, ceiling)
    return canvas.png()


def window_samples(rate: int) -> int:
    """Return the length of the analysis window: the power of two nearest to 46 ms."""
    return 1 << round(np.log2(WINDOW_SECONDS * rate))


def frame_starts(samples: Samples, rate: int, *, columns: int) -> list[np.ndarray]:
    """Choose for each column the frames to analyse, as their first samples, which may lie before the recording.

    Short columns have one, around their middle. In long ones every half window is looked at, and the frames with most
    energy in the first difference are taken: what begins is broad-band, and a hum under it must not win.
    """
    window = window_samples(rate)
    edges = np.arange(columns + 1) * samples.shape[1] / columns
    if edges[1] <= window:
        middles = (edges[:-1] + edges[1:]) / 2
        return [np.array([int(middle) - window // 2]) for middle in middles]
    hop = window // 2
    halves = _difference_energies(samples, hop)
    energies = halves[:-1] + halves[1:]
    firsts = np.minimum(np.ceil(edges / hop).astype(int), len(energies))
    chosen = []
    for first, last in zip(firsts[:-1] - 1, firsts[1:] - 1, strict=True):
        inside = np.arange(max(first, 0), max(last, first + 1, 1))
        chosen.append(inside[np.argsort(energies[inside])[-FRAMES_A_COLUMN:]] * hop)
    return chosen


def _difference_energies(samples: Samples, hop: int) -> np.ndarray:
    """Return the energy of the first difference of every `hop` samples, shape (ceil(n / hop),)."""
    length = samples.shape[1]
    energies = np.zeros(-(-length // hop))
    step = hop * (BLOCK_SAMPLES // hop)
    for start in range(0, length, step):
        block = samples[:, start : start + step]
        difference = np.diff(block, axis=1, append=block[:, -1:])
        summed = np.add.reduceat(difference * difference, np.arange(0, block.shape[1], hop), axis=1).sum(axis=0)
        energies[start // hop : start // hop + len(summed)] = summed
    return energies


def _powers_per_column(samples: Samples, rate: int) -> np.ndarray:
    """Return the largest power of each bin among a column's frames, shape (PLOT_WIDTH, bins), float32."""
    window = np.hanning(window_samples(rate)).astype(np.float32)
    window /= window.sum() / 2
    powers = []
    for columns in batched(frame_starts(samples, rate, columns=PLOT_WIDTH), _COLUMNS_A_BATCH, strict=False):
        spectra = np.fft.rfft(_frames(samples, np.concatenate(columns), len(window)) * window)
        firsts = np.cumsum([0, *(len(starts) for starts in columns[:-1])])
        powers.append(np.maximum.reduceat(np.mean(spectra.real**2 + spectra.imag**2, axis=1), firsts))
    return np.concatenate(powers)


def _frames(samples: Samples, starts: np.ndarray, length: int) -> np.ndarray:
    """Return the samples from each start on, shape (frames, channels, length), zeros beyond the ends."""
    frames = np.zeros((len(starts), samples.shape[0], length), np.float32)
    for frame, start in zip(frames, starts.tolist(), strict=True):
        first, last = max(start, 0), min(start + length, samples.shape[1])
        frame[:, first - start : last - start] = samples[:, first:last]
    return frames


def _row_frequencies(rate: int) -> np.ndarray:
    """Return the frequency in the middle of each row of the plot, from the highest down, shape (_PLOT_PIXELS,)."""
    highest = min(_HIGHEST_HZ, rate / 2)
    return highest * (_LOWEST_HZ / highest) ** ((np.arange(_PLOT_PIXELS) + 0.5) / _PLOT_PIXELS)


def _bins_to_rows(rate: int, frequencies: np.ndarray) -> np.ndarray:
    """Return triangles as wide as a row, or a bin where that is wider, shape (bins, rows): a tone keeps its power."""
    window = window_samples(rate)
    bins = np.fft.rfftfreq(window, 1 / rate)
    half_widths = np.maximum(frequencies * np.log(frequencies[0] / frequencies[1]), rate / window)
    triangles = 1 - np.abs(bins[:, None] - frequencies) / half_widths
    return np.maximum(triangles, 0).astype(np.float32)


def _range_db(levels: np.ndarray) -> tuple[float, float]:
    """Return the levels of the darkest and of the brightest colour."""
    ceiling = float(levels.max())
    if ceiling <= 10 * np.log10(_SILENCE):
        return -_DEEPEST_DB, 0.0
    floor = float(np.percentile(levels[::4, ::4], _FLOOR_PERCENTILE))
    return min(max(floor, ceiling - _DEEPEST_DB), ceiling - _SHALLOWEST_DB), ceiling


def _heat(shares: np.ndarray) -> np.ndarray:
    """Turn 0..1 into the palette's indices of dark to bright."""
    colours = np.clip(shares * HEAT_COLOURS, 0, HEAT_COLOURS - 1).astype(np.uint8)
    return colours + np.uint8(Paint.HEAT)


def _draw_frequencies(canvas: Canvas, frequencies: np.ndarray) -> None:
    for hertz in _LABELS_HZ:
        if hertz <= frequencies[0]:
            row = int(np.argmin(np.abs(np.log(frequencies / hertz))))
            canvas.label_row(f"{hertz // 1000} kHz" if hertz >= 1000 else f"{hertz} Hz", row)


def _draw_legend(canvas: Canvas, floor: float, ceiling: float) -> None:
    width, height = _LEGEND_PIXELS
    right = f"{ceiling:.0f} dB"
    column = PLOT_WIDTH - round(canvas.text_width(right)) - 16 - width
    canvas.label_top(f"{floor:.0f} dB", column - 16, anchor="r")
    canvas.paint_top(_heat(np.arange(width) / width), column=column, height=height)
    canvas.label_top(right, PLOT_WIDTH, anchor="r")
