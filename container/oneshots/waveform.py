"""The drawing of a recording: bbc/audiowaveform JSON, data format version 2."""

from typing import Any

import numpy as np

_SMALLEST_PIXEL = 256
_MOST_PIXELS = 8192


def samples_per_pixel_for(length: int) -> int:
    """Choose a power of two from 256 up, so that even an hour stays under 8192 pixels."""
    pixel = _SMALLEST_PIXEL
    while length > pixel * _MOST_PIXELS:
        pixel *= 2
    return pixel


def waveform(samples: np.ndarray, rate: int, *, samples_per_pixel: int | None = None) -> dict[str, Any]:
    """Draw `samples`, shape (channels, n): 16-bit minimum and maximum of the channels' mean for each pixel.

    The last pixel may cover fewer samples. `data` holds min, max, min, max ... of `length` pixels.
    """
    pixel = samples_per_pixel or samples_per_pixel_for(samples.shape[1])
    step = pixel * max(1, (1 << 18) // pixel)
    data: list[int] = []
    for start in range(0, samples.shape[1], step):
        mono = samples[:, start : start + step].mean(axis=0)
        edges = np.arange(0, len(mono), pixel)
        pair = np.stack([np.minimum.reduceat(mono, edges), np.maximum.reduceat(mono, edges)], axis=1)
        data.extend(np.clip(np.round(pair * 32767), -32768, 32767).astype(int).ravel().tolist())
    return {
        "version": 2,
        "channels": 1,
        "sample_rate": rate,
        "samples_per_pixel": pixel,
        "bits": 16,
        "length": len(data) // 2,
        "data": data,
    }
