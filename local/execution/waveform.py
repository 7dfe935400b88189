"""Waveforms of bbc/audiowaveform with fewer points."""

from typing import Any

_MOST_POINTS = 60_000


def reduced(waveform: dict[str, Any], most: int = _MOST_POINTS) -> dict[str, Any]:
    """Return a waveform (data format version 2) of at most `most` points, each as loud as the loudest it stands for."""
    length, channels = int(waveform["length"]), int(waveform["channels"])
    factor = -(-length // most)
    if factor <= 1:
        return waveform
    data = waveform["data"]
    stride = 2 * channels
    points: list[int] = []
    for start in range(0, length, factor):
        span = data[start * stride : min(start + factor, length) * stride]
        for channel in range(channels):
            points.append(min(span[2 * channel :: stride]))
            points.append(max(span[2 * channel + 1 :: stride]))
    return {
        **waveform,
        "samples_per_pixel": waveform["samples_per_pixel"] * factor,
        "length": -(-length // factor),
        "data": points,
    }
