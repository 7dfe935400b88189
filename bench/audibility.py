"""When a sound of a scene starts and ends: the ground truth, from the clean sound and from what masks it.

Two definitions, both kept with every scene:

- *whole*: from the first sample within 40 dB of the sound's own peak to its last 5 ms within 40 dB of its loudest 5 ms,
  before any noise;
- *audible*: the part of that in which the sound's power, over 5 ms, is above the masker's in at least one octave band
  (63 Hz to 16 kHz). The masker is the mean power of the scene's noise in that band, and of earlier sounds where they
  still ring. Broadband levels would not do: a cymbal is plain to hear 20 dB under the rumble of brown noise.

The scorer uses the audible one: nobody can cut at what is not there any more at that signal to noise ratio, and what
is 40 dB down is over for a one-shot.
"""

from functools import cache

import numpy as np
from scipy.signal import butter, sosfilt

RATE = 44100
WINDOW = round(0.005 * RATE)
RANGE_DB = 40.0
BODY_DB = 20.0
OCTAVES_HZ = (63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)


def octave_powers(samples: np.ndarray) -> np.ndarray:
    """Power of `samples`, shape (channels, n), in each octave band over the 5 ms up to each sample; shape (9, n)."""
    powers = np.empty((len(OCTAVES_HZ), samples.shape[1]))
    for row, centre in enumerate(OCTAVES_HZ):
        filtered = sosfilt(_octave_filter(centre), samples, axis=1)
        powers[row] = _trailing_mean(np.mean(filtered**2, axis=0))
    return powers


def whole_bounds(samples: np.ndarray) -> tuple[int, int]:
    """First and last (exclusive) sample of the sound `samples`, shape (channels, n), by its own 40 dB."""
    limit = 10 ** (-RANGE_DB / 20)
    peaks = np.abs(samples).max(axis=0)
    first = int(np.flatnonzero(peaks > peaks.max() * limit)[0])
    power = _trailing_mean(np.mean(np.square(samples, dtype=np.float64), axis=0))
    last = int(np.flatnonzero(power > power.max() * limit**2)[-1])
    return first, max(last + 1, first + 1)


def audible_bounds(powers: np.ndarray, masker: np.ndarray, whole: tuple[int, int]) -> tuple[int, int] | None:
    """Return the part of `whole` in which a band of `powers` is above the `masker`, (9, n) or (9, 1), or None."""
    first, last = whole
    heard = np.flatnonzero(np.any(powers[:, first:last] > np.broadcast_to(masker, powers.shape)[:, first:last], axis=0))
    return (first + int(heard[0]), first + int(heard[-1]) + 1) if len(heard) else None


def body_start(samples: np.ndarray, onset: int) -> int:
    """First sample from `onset` on that is within 20 dB of the peak of `samples`, shape (channels, n).

    A swell that starts a little late loses nothing that one would miss; what starts after this has lost its attack.
    """
    peaks = np.abs(samples).max(axis=0)
    loud = np.flatnonzero(peaks[onset:] > peaks.max() * 10 ** (-BODY_DB / 20))
    return onset + (int(loud[0]) if len(loud) else 0)


@cache
def _octave_filter(centre_hz: float) -> np.ndarray:
    high = min(centre_hz * np.sqrt(2), 0.49 * RATE)
    return butter(2, (centre_hz / np.sqrt(2), high), "bandpass", fs=RATE, output="sos")


def _trailing_mean(power: np.ndarray) -> np.ndarray:
    total = np.concatenate((np.zeros(WINDOW), np.cumsum(power)))
    return np.maximum(total[WINDOW:] - total[:-WINDOW], 0) / WINDOW
