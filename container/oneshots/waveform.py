"""The drawing of a recording as data: what bbc/audiowaveform writes for it, JSON data format version 2.

The definition, from https://github.com/bbc/audiowaveform (doc/DataFormat.md; the reader and the generator in src/):
every sample becomes a 16-bit integer; the channels are summed and divided by their number, towards zero; a pixel is the
least and the largest of its samples, and the last one may have fewer. How a sample becomes an integer depends on the
file: integer PCM keeps its upper 16 bits (libsndfile), floating point is multiplied by 32767 and cut off towards zero.
"""

import json
from typing import Any

import numpy as np

from oneshots.blocks import BLOCK_SAMPLES
from oneshots.samples import Samples

_SMALLEST_PIXEL = 256
_MOST_PIXELS = 8192
_LEAST, _MOST = -32768, 32767


def samples_per_pixel_for(length: int) -> int:
    """Choose a power of two from 256 up, so that even an hour stays under 8192 pixels."""
    pixel = _SMALLEST_PIXEL
    while length > pixel * _MOST_PIXELS:
        pixel *= 2
    return pixel


def waveform(
    samples: Samples,
    rate: int,
    *,
    samples_per_pixel: int | None = None,
    is_integer_pcm: bool = False,
) -> dict[str, Any]:
    """Draw `samples`, float32 of shape (channels, n) with full scale 1, as audiowaveform draws the file they are from.

    `is_integer_pcm` says that the samples were integers in the file; `samples_per_pixel` is audiowaveform's zoom, by
    default `samples_per_pixel_for` the length. `data` holds min, max, min, max ... of `length` pixels. Samples beyond
    full scale are held there (audiowaveform's are undefined in C++).
    """
    pixel = samples_per_pixel or samples_per_pixel_for(samples.shape[1])
    step = pixel * max(1, BLOCK_SAMPLES // pixel)
    data: list[int] = []
    for start in range(0, samples.shape[1], step):
        mono = _mixed_down(_as_16_bit(samples[:, start : start + step], is_integer_pcm=is_integer_pcm))
        data.extend(_least_and_most(mono, pixel).ravel().tolist())
    return {
        "version": 2,
        "channels": 1,
        "sample_rate": rate,
        "samples_per_pixel": pixel,
        "bits": 16,
        "length": len(data) // 2,
        "data": data,
    }


def to_json(document: dict[str, Any]) -> bytes:
    """Write it byte for byte as audiowaveform does: no spaces, one line, ASCII."""
    return json.dumps(document, separators=(",", ":")).encode("ascii") + b"\n"


def _as_16_bit(block: np.ndarray, *, is_integer_pcm: bool) -> np.ndarray:
    # In float32, as in the C++: the product of float64 would be cut off elsewhere.
    scaled = np.floor(block * np.float32(32768)) if is_integer_pcm else np.trunc(block * np.float32(32767))
    return np.clip(scaled, _LEAST, _MOST).astype(np.int32)


def _mixed_down(block: np.ndarray) -> np.ndarray:
    return block[0] if len(block) == 1 else _divided_towards_zero(block.sum(axis=0, dtype=np.int32), len(block))


def _divided_towards_zero(values: np.ndarray, divisor: int) -> np.ndarray:
    """Divide as C does; NumPy's // goes to minus infinity."""
    return np.sign(values) * (np.abs(values) // divisor)


def _least_and_most(mono: np.ndarray, pixel: int) -> np.ndarray:
    """Return minimum and maximum of each `pixel` samples, shape (pixels, 2)."""
    edges = np.arange(0, len(mono), pixel)
    return np.stack([np.minimum.reduceat(mono, edges), np.maximum.reduceat(mono, edges)], axis=1)
