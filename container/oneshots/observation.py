"""What the network sees of a recording: band levels over the noise, and against the recording's loudest."""

from dataclasses import dataclass

import numpy as np

from oneshots import noise_floor, spectrum
from oneshots.noise_floor import NoiseFloor

FLOOR_PERCENTILE = 30.0
FLOOR_SMOOTHED_SECONDS = 0.1
LOUDEST_PERCENTILE = 99.5
RANGE_DB = 70.0
HOP_SECONDS = spectrum.LONG_HOP_MS / 1000
_SILENT = 1e-14


@dataclass(frozen=True, kw_only=True)
class Observation:
    """Band powers of a recording and what they are held against.

    `short`, shape (2 frames, 20), every 5 ms, tells when; `long`, shape (frames, 29), every 10 ms, tells lows apart.
    """

    short: np.ndarray
    long: np.ndarray
    short_floor: NoiseFloor
    long_floor: NoiseFloor
    loudest: float

    def __len__(self) -> int:
        """Count the frames, of 10 ms."""
        return len(self.long)

    def features(self, first: int, last: int) -> np.ndarray:
        """Describe frames `first` to `last` (exclusive), float32 of shape (last - first, 99).

        Tens of dB (a tenth of a decibel of each is 0.01): the two short windows of a frame and its long one over the
        floor, the long one against the loudest of the recording, and the same of all bands together.
        """
        frames = np.arange(first, last)
        halves = np.minimum(np.arange(2 * first, 2 * last), len(self.short) - 1)
        long = self.long[first:last]
        relative = long / np.float32(self.loudest)
        total = np.log10(np.maximum(relative.sum(axis=1, keepdims=True), np.float32(_SILENT)))
        return np.concatenate(
            (
                over_floor(self.short[halves], self.short_floor.at(halves)).reshape(last - first, -1),
                over_floor(long, self.long_floor.at(frames)),
                np.log10(relative + np.float32(10 ** (-RANGE_DB / 10))) + np.float32(RANGE_DB / 10),
                np.clip(total, -8, 1),
            ),
            axis=1,
            dtype=np.float32,
        )


def observe(short: np.ndarray, long: np.ndarray) -> Observation:
    """Observe a recording by its band powers, as `spectrum.band_powers` and `spectrum.long_band_powers` give them."""
    return Observation(
        short=short,
        long=long,
        short_floor=noise_floor.follow(short, spectrum.HOP_MS / 1000),
        long_floor=noise_floor.follow(
            long, HOP_SECONDS, percentile=FLOOR_PERCENTILE, smoothed_seconds=FLOOR_SMOOTHED_SECONDS
        ),
        loudest=max(float(np.percentile(long.sum(axis=1), LOUDEST_PERCENTILE)), _SILENT),
    )


def over_floor(powers: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Return how far `powers` are over `floor`, same shape, in tens of dB: 0 far under it, 0.3 at it."""
    return np.log10(powers / floor + np.float32(1))
