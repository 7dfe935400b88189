"""Keeping what a lossy coder makes of a sound under the true-peak ceiling.

A coder keeps the spectrum, not the waveform: what is decoded peaks higher or lower than what was encoded (up to 0.8 dB
with ours, measured over the bench's sounds at the ceiling). So the written file is decoded and measured.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oneshots import loudness
from oneshots.cut import TRUE_PEAK_CEILING_DBTP
from oneshots.decode import decode
from oneshots.encode import Encoding
from oneshots.samples import Samples

# Sounds whose peak is this far under the ceiling stay under it, whatever the coder does.
CODING_OVERSHOOT_DB = 3.0
# A lower level is coded differently, so the new file may still be a little over.
_MARGIN_DB = 0.05
_MOST_TRIES = 4


@dataclass(frozen=True, kw_only=True)
class Written:
    """One sound or several, written with `gain_db`, and how many dB they are over the ceiling; 0 when they are not."""

    gain_db: float
    sample_rate: int
    excess_db: float = 0.0


def write_under_ceiling(write: Callable[[float], Written], gain_db: float) -> Written:
    """Call `write` with ever less gain, `gain_db` first, until what it wrote is under the ceiling; return the last."""
    written = write(gain_db)
    for _ in range(_MOST_TRIES - 1):
        if written.excess_db <= 0:
            break
        written = write(written.gain_db - written.excess_db - _MARGIN_DB)
    return written


def excess_when_decoded(path: Path, samples: Samples, rate: int, *, encoding: Encoding) -> float:
    """How many dB the file at `path`, encoded from `samples`, is over the ceiling when decoded; 0 when it is not."""
    if not encoding.is_lossy:
        return 0.0
    nearest = 10 ** ((TRUE_PEAK_CEILING_DBTP - CODING_OVERSHOOT_DB) / 20)
    if loudness.sample_peak(samples) < nearest and loudness.true_peak(samples, rate) < nearest:
        return 0.0
    # The file is our own: what an upload may last is no matter.
    decoded = decode(path, max_seconds=math.inf)
    peak_dbtp = loudness.decibels(loudness.true_peak(decoded.samples, decoded.sample_rate))
    return 0.0 if peak_dbtp is None else max(peak_dbtp - TRUE_PEAK_CEILING_DBTP, 0.0)
