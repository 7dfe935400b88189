"""overview.png: the waveform of a recording with the one-shots that were cut out of it."""

import math
from collections.abc import Sequence

import numpy as np

from oneshots.blocks import BLOCK_SAMPLES
from oneshots.canvas import PLOT_WIDTH, Canvas, Ink, Paint, Span, columns_of, owner_per_column, turns
from oneshots.samples import Samples

_TOP_PIXELS, _PLOT_PIXELS = 52, 340
_LABELLED_DB = (0, -12, -24)
_LEVEL_STEP_DB = 6
_SILENCE = 1e-6
_BETWEEN_LABELS_PIXELS = 14
_ROUND_STEPS = (1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)


def overview_png(samples: Samples, rate: int, *, spans: Sequence[Span]) -> bytes:
    """Draw `samples`, shape (channels, n), with each one-shot's span shaded and numbered from 1.

    The height is the square root of the amplitude, so that soft sounds show beside loud ones; its scale is in dBFS and
    fits the loudest sample. Where there is no room for every number, round ones are kept. `samples` may be anything
    with a shape that hands out slices: it is read in blocks.
    """
    seconds = samples.shape[1] / rate
    canvas = Canvas(seconds=seconds, top_pixels=_TOP_PIXELS, plot_pixels=_PLOT_PIXELS)
    turn = turns(owner_per_column(spans, seconds=seconds))
    canvas.plot[:] = np.choose(turn, [Paint.PLOT, Paint.ODD_SPAN, Paint.EVEN_SPAN])
    lowest, highest = extremes_per_column(samples, columns=PLOT_WIDTH)
    top_dbfs = _scale_dbfs(lowest, highest)
    _draw_levels(canvas, top_dbfs)
    _draw_waveform(canvas, lowest, highest, turn=turn, full=10 ** (top_dbfs / 20))
    _write_numbers(canvas, spans, seconds=seconds)
    return canvas.png()


def extremes_per_column(samples: Samples, *, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the greatest sample of any channel in each of `columns` equal parts, shape (columns,) each.

    With fewer samples than columns, a column has the sample that it lies in.
    """
    edges = np.arange(columns + 1) * samples.shape[1] // columns
    columns_a_block = max(BLOCK_SAMPLES * columns // samples.shape[1], 1)
    lowest, highest = np.empty(columns, np.float32), np.empty(columns, np.float32)
    for first in range(0, columns, columns_a_block):
        last = min(first + columns_a_block, columns)
        block = samples[:, edges[first] : max(edges[last], edges[last - 1] + 1)]
        starts = edges[first:last] - edges[first]
        lowest[first:last] = np.minimum.reduceat(block, starts, axis=1).min(axis=0)
        highest[first:last] = np.maximum.reduceat(block, starts, axis=1).max(axis=0)
    return lowest, highest


def numbers_with_room(widths: Sequence[float], middles: Sequence[float]) -> list[int]:
    """Choose which one-shots get their number, from 1 up, so that no two labels touch: the first, the last, round ones.

    `widths` and `middles` are the labels' pixels, one per one-shot.
    """
    count = len(widths)
    by_rank = [1, count, *(n for step in _ROUND_STEPS for n in range(step, count + 1, step))] if count else []
    taken: dict[int, tuple[float, float]] = {}
    for number in dict.fromkeys(by_rank):
        half = (widths[number - 1] + _BETWEEN_LABELS_PIXELS) / 2
        left, right = middles[number - 1] - half, middles[number - 1] + half
        if all(right <= other_left or left >= other_right for other_left, other_right in taken.values()):
            taken[number] = left, right
    return sorted(taken)


def _scale_dbfs(lowest: np.ndarray, highest: np.ndarray) -> int:
    """Return the level at the plot's edge: the peak, rounded up to 6 dB; full scale for silence."""
    peak = float(max(-lowest.min(), highest.max()))
    return math.ceil(20 * math.log10(peak) / _LEVEL_STEP_DB - 1e-6) * _LEVEL_STEP_DB if peak > _SILENCE else 0


def _draw_levels(canvas: Canvas, top_dbfs: int) -> None:
    middle = _PLOT_PIXELS // 2
    for below_db in _LABELLED_DB:
        height = round(math.sqrt(10 ** (below_db / 20)) * (middle - 1))
        canvas.plot[[middle - height, middle + height - 1]] = Paint.GRID
        unit = " dB" if below_db == 0 else ""
        canvas.label_row(f"{top_dbfs + below_db}{unit}", middle - height)


def _draw_waveform(canvas: Canvas, lowest: np.ndarray, highest: np.ndarray, *, turn: np.ndarray, full: float) -> None:
    middle = _PLOT_PIXELS // 2
    # Neighbours are joined, or few samples would be steps that hang in the air.
    joined = (
        np.maximum(highest, np.append(lowest[1:], lowest[-1])),
        np.minimum(lowest, np.append(highest[1:], highest[-1])),
    )
    ups, downs = (np.sign(each) * np.sqrt(np.abs(each) / full) * (middle - 1) for each in joined)
    # A line of two pixels at least: silence is a line too.
    tops, bottoms = np.round(middle - 1 - ups), np.round(middle - downs)
    rows = np.arange(_PLOT_PIXELS)[:, None]
    colours = np.choose(turn, [Paint.BETWEEN, Paint.ODD, Paint.EVEN])
    np.copyto(canvas.plot, colours.astype(np.uint8), where=(rows >= tops) & (rows <= bottoms))


def _write_numbers(canvas: Canvas, spans: Sequence[Span], *, seconds: float) -> None:
    if not spans:
        canvas.label_top("no one-shots", PLOT_WIDTH / 2)
        return
    widths = [canvas.text_width(str(number)) for number in range(1, len(spans) + 1)]
    middles = [sum(columns_of(span, seconds=seconds)) / 2 for span in spans]
    middles = [min(middle, PLOT_WIDTH + 20 - width / 2) for width, middle in zip(widths, middles, strict=True)]
    for number in numbers_with_room(widths, middles):
        canvas.label_top(str(number), middles[number - 1], ink=Ink.ODD if number % 2 else Ink.EVEN)
