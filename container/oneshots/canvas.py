"""A picture as an array of palette indices: a plot, its axes and their labels. No display and no system font.

It is 1080 pixels wide and made to be looked at on a phone, where it is shown about 390 wide: the letters are then of 11
to 12 pixels. Labels are numbers and units only; nothing that a user named is ever drawn.
"""

import io
import math
from collections.abc import Sequence
from enum import IntEnum

import numpy as np

WIDTH = 1080
_LEFT, _RIGHT, _BOTTOM = 120, 24, 56
PLOT_WIDTH = WIDTH - _LEFT - _RIGHT
_TEXT_PIXELS = 32
_TICK_PIXELS = 8
_MOST_TIME_STEPS = 6
_STEPS_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
_SHADES = 16

type Span = tuple[float, float]
"""Start and end of a one-shot in the recording, in seconds."""


class Ink(IntEnum):
    """Where the palette has the colours of text: 16 shades each, from the background to the ink, for smooth edges."""

    TEXT = 0
    ODD = 16
    EVEN = 32


class Paint(IntEnum):
    """Where the palette has the colours of areas. Blue and orange are told apart by colour-blind eyes too."""

    BACKGROUND = Ink.TEXT
    ODD = Ink.ODD + _SHADES - 1
    EVEN = Ink.EVEN + _SHADES - 1
    PLOT = 48
    GRID = 49
    BETWEEN = 50
    ODD_SPAN = 51
    EVEN_SPAN = 52
    HEAT = 64


HEAT_COLOURS = 48
_BACKGROUND = (16, 20, 26)
_INKS = {Ink.TEXT: (230, 236, 242), Ink.ODD: (98, 190, 240), Ink.EVEN: (240, 172, 44)}
_AREAS = {
    Paint.PLOT: (26, 32, 41),
    Paint.GRID: (66, 76, 90),
    Paint.BETWEEN: (140, 150, 164),
    Paint.ODD_SPAN: (24, 62, 88),
    Paint.EVEN_SPAN: (84, 58, 16),
}
# Nine points of magma (Smith and van der Walt, CC0): lightness grows evenly, so that equal steps look equal.
_HEAT = (
    (0, 0, 4),
    (29, 17, 71),
    (81, 18, 124),
    (131, 38, 129),
    (183, 55, 121),
    (231, 82, 99),
    (252, 137, 97),
    (254, 196, 136),
    (252, 253, 191),
)


class Canvas:
    """A picture with a strip of `top_pixels` over a plot of `plot_pixels`, and a time axis of `seconds` under it.

    `plot` is the plot's part of the picture, shape (plot_pixels, PLOT_WIDTH), to be painted with the palette's indices.
    """

    def __init__(self, *, seconds: float, top_pixels: int, plot_pixels: int) -> None:
        # Imported here: whoever draws no picture does not pay for Pillow.
        from PIL import Image, ImageDraw, ImageFont

        self._seconds = seconds
        self._top = top_pixels
        self._indices = np.full((top_pixels + plot_pixels + _BOTTOM, WIDTH), Paint.BACKGROUND, np.uint8)
        self.plot = self._indices[top_pixels : top_pixels + plot_pixels, _LEFT : _LEFT + PLOT_WIDTH]
        self.plot[:] = Paint.PLOT
        self._font = ImageFont.load_default(_TEXT_PIXELS)
        self._lettering = {ink: Image.new("L", self._indices.shape[::-1]) for ink in Ink}
        self._pens = {ink: ImageDraw.Draw(layer) for ink, layer in self._lettering.items()}

    def text_width(self, words: str) -> float:
        """Return how many pixels wide `words` are."""
        return self._font.getlength(words)

    def label_row(self, words: str, row: int) -> None:
        """Write `words` left of the plot, centred on a row of it."""
        highest, lowest = _TEXT_PIXELS // 2, self._indices.shape[0] - _TEXT_PIXELS // 2
        y = min(max(self._top + row, highest), lowest)
        self._write(words, x=_LEFT - 12, y=y, anchor="rm", ink=Ink.TEXT)

    def label_top(self, words: str, column: float, *, anchor: str = "m", ink: Ink = Ink.TEXT) -> None:
        """Write `words` into the strip over the plot: `column` is their left (l), middle (m) or right (r)."""
        self._write(words, x=_LEFT + column, y=self._top // 2 - 2, anchor=f"{anchor}m", ink=ink)

    def paint_top(self, colours: np.ndarray, *, column: int, height: int) -> None:
        """Paint a bar in the middle of the strip over the plot, from `column` on; `colours` has shape (columns,)."""
        first = (self._top - height) // 2 - 2
        self._indices[first : first + height, _LEFT + column : _LEFT + column + len(colours)] = colours

    def paint_spans(self, spans: Sequence[Span], *, height: int) -> None:
        """Paint the spans as a line over the plot, by turns in two colours."""
        line = self._indices[self._top - height : self._top, _LEFT : _LEFT + PLOT_WIDTH]
        owners = owner_per_column(spans, seconds=self._seconds)
        line[:] = np.choose(turns(owners), [Paint.BACKGROUND, Paint.ODD, Paint.EVEN])

    def png(self) -> bytes:
        """Draw the time axis and return the picture."""
        from PIL import Image

        self._draw_time_axis()
        for ink, layer in self._lettering.items():
            shades = np.asarray(layer) // _SHADES
            np.copyto(self._indices, shades + np.uint8(ink), where=shades > 0)
        picture = Image.frombytes("P", self._indices.shape[::-1], self._indices.tobytes())
        picture.putpalette(palette().tobytes())
        file = io.BytesIO()
        picture.save(file, "PNG", compress_level=6)
        return file.getvalue()

    def _draw_time_axis(self) -> None:
        bottom = self._top + self.plot.shape[0]
        for at, words in time_ticks(self._seconds):
            column = _LEFT + min(int(at / self._seconds * PLOT_WIDTH), PLOT_WIDTH - 1)
            self._indices[bottom : bottom + _TICK_PIXELS, column : column + 2] = Paint.BETWEEN
            x = min(column, WIDTH - 4 - self.text_width(words) / 2)
            self._write(words, x=x, y=bottom + _TICK_PIXELS + 4, anchor="mt", ink=Ink.TEXT)

    def _write(self, words: str, *, x: float, y: float, anchor: str, ink: Ink) -> None:
        self._pens[ink].text((x, y), words, fill=255, font=self._font, anchor=anchor)


def palette() -> np.ndarray:
    """Return the colours of all pictures, shape (entries, 3), uint8."""
    colours = np.zeros((Paint.HEAT + HEAT_COLOURS, 3))
    mix = np.linspace(0, 1, _SHADES)[:, None]
    for ink, colour in _INKS.items():
        colours[ink : ink + _SHADES] = np.array(_BACKGROUND) * (1 - mix) + np.array(colour) * mix
    for area, colour in _AREAS.items():
        colours[area] = colour
    places = np.linspace(0, len(_HEAT) - 1, HEAT_COLOURS)
    for channel, points in enumerate(zip(*_HEAT, strict=True)):
        colours[Paint.HEAT :, channel] = np.interp(places, range(len(_HEAT)), points)
    return np.round(colours).astype(np.uint8)


def columns_of(span: Span, *, seconds: float) -> tuple[int, int]:
    """Return the plot's first column that a span touches and the one after its last: one column at least."""
    first = min(int(span[0] / seconds * PLOT_WIDTH), PLOT_WIDTH - 1)
    return first, min(max(math.ceil(span[1] / seconds * PLOT_WIDTH), first + 1), PLOT_WIDTH)


def owner_per_column(spans: Sequence[Span], *, seconds: float) -> np.ndarray:
    """Return which span each column of the plot belongs to, from 1 up, the later of two; 0 for none."""
    owners = np.zeros(PLOT_WIDTH, int)
    for number, span in enumerate(spans, start=1):
        owners[slice(*columns_of(span, seconds=seconds))] = number
    return owners


def turns(owners: np.ndarray) -> np.ndarray:
    """Return 0 where there is no span, 1 for odd ones and 2 for even ones."""
    return np.where(owners == 0, 0, 2 - owners % 2)


def time_ticks(seconds: float) -> list[tuple[float, str]]:
    """Return six steps of the time axis at most, as (seconds, label)."""
    least = seconds / _MOST_TIME_STEPS
    step = _round_step(least) if least < 1 else next((each for each in _STEPS_SECONDS if each >= least), least)
    return [
        (index * step, _label(index * step, step, seconds)) for index in range(int(seconds / step * (1 + 1e-9)) + 1)
    ]


def _round_step(least: float) -> float:
    """Return the least of 1, 2, 5 times a power of ten from `least` up."""
    power = 10 ** math.floor(math.log10(least))
    return next(each * power for each in (1, 2, 5, 10) if each * power >= least * (1 - 1e-9))


def _label(at: float, step: float, seconds: float) -> str:
    if seconds < 1:
        return f"{at * 1000:.4g} ms"
    if seconds < 60:
        return f"{at:.4g} s"
    if step < 60:
        return f"{int(at) // 60}:{int(at) % 60:02d}"
    return f"{at / 60:.4g} min" if step < 3600 else f"{at / 3600:.4g} h"
