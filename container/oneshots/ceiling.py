"""Keeping what a lossy coder makes of a sound under the true-peak ceiling.

A coder keeps the spectrum, not the waveform: what is decoded peaks higher or lower than what was encoded (up to 0.8 dB
with ours, measured over the bench's sounds at the ceiling). So the written file is decoded and measured.
"""

from pathlib import Path

from oneshots import loudness
from oneshots.cut import TRUE_PEAK_CEILING_DBTP, Cut, amplify
from oneshots.decode import decode
from oneshots.encode import Encoding, encode
from oneshots.samples import Samples

# Sounds whose peak is this far under the ceiling stay under it, whatever the coder does.
CODING_OVERSHOOT_DB = 3.0
# A lower level is coded differently, so the new file may still be a little over.
_MARGIN_DB = 0.05
_MOST_TRIES = 4


def encode_under_ceiling(path: Path, samples: Cut, rate: int, *, encoding: Encoding) -> tuple[int, float]:
    """Write `samples`, shape (channels, n) and under the ceiling, so that the decoded file is under it as well.

    Returns the sample rate written and the gain in dB that it took, 0 or less; `samples` are changed by it.
    """
    gain_db = 0.0
    for _ in range(_MOST_TRIES):
        written_rate = encode(path, samples, rate, encoding=encoding)
        excess_db = excess_when_decoded(path, samples, rate, encoding=encoding)
        if excess_db <= 0:
            break
        amplify(samples, -excess_db - _MARGIN_DB)
        gain_db -= excess_db + _MARGIN_DB
    return written_rate, gain_db


def excess_when_decoded(path: Path, samples: Samples, rate: int, *, encoding: Encoding) -> float:
    """How many dB the file at `path`, encoded from `samples`, is over the ceiling when decoded; 0 when it is not."""
    if not encoding.is_lossy:
        return 0.0
    nearest = 10 ** ((TRUE_PEAK_CEILING_DBTP - CODING_OVERSHOOT_DB) / 20)
    if loudness.sample_peak(samples) < nearest and loudness.true_peak(samples, rate) < nearest:
        return 0.0
    decoded = decode(path)
    peak_dbtp = loudness.decibels(loudness.true_peak(decoded.samples, decoded.sample_rate))
    return 0.0 if peak_dbtp is None else max(peak_dbtp - TRUE_PEAK_CEILING_DBTP, 0.0)
