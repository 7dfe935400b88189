"""Recursive filters, applied by FFT.

The filters here forget within a tenth of a second, so a block and what came just before it are all that is needed, and
fast convolution (overlap-save) gives what the recursion gives to float32's precision, in less time. scipy.signal would
do as well, but importing it takes longer than all the work on half a minute of sound.
"""

import math
from functools import lru_cache

import numpy as np
from scipy import fft

type Sections = tuple[tuple[float, ...], ...]
"""Second-order sections (b0, b1, b2, 1, a1, a2), hashable."""

FORGET_SECONDS = 0.1
_LEAST_SIZE, _USUAL_SIZE = 1 << 10, 1 << 13


def run(values: np.ndarray, sections: Sections, *, run_in: int) -> np.ndarray:
    """Filter `values`, shape (channels, n), and return all but the first `run_in` samples.

    `run_in` must be as long as the filter remembers (`run_in_samples`): the first samples only fill its memory.
    """
    count = values.shape[1] - run_in
    size = _fft_size(values.shape[1], run_in)
    step = size - run_in
    blocks = max(-(-count // step), 1)
    padded = np.zeros((len(values), (blocks - 1) * step + size), np.float32)
    padded[:, : values.shape[1]] = values
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)[:, ::step]
    spectra = fft.rfft(windows)
    spectra *= _response(sections, size)
    # Where the convolution wraps around, it is the run-in that it spoils.
    filtered = fft.irfft(spectra, size)[..., run_in:]
    return filtered.reshape(len(values), -1)[:, :count]


def run_in_samples(rate: int) -> int:
    """How many samples the filters of this module remember: by then less than a millionth is left."""
    return math.ceil(FORGET_SECONDS * rate)


def high_pass(frequency: float, rate: int) -> Sections:
    """Butterworth high-pass of fourth order, 3 dB down at `frequency` Hz (not under 40)."""
    return tuple(high_pass_section(frequency, rate, q=0.5 / math.sin(angle * math.pi / 8)) for angle in (1, 3))


def high_pass_section(frequency: float, rate: int, *, q: float) -> tuple[float, ...]:
    """High-pass of second order by the bilinear transform."""
    k = math.tan(math.pi * frequency / rate)
    a0 = 1 + k / q + k * k
    return (1 / a0, -2 / a0, 1 / a0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0)


def _fft_size(length: int, run_in: int) -> int:
    """All at once if it is short, else blocks that are mostly new samples; powers of two, so that few are different.

    No larger than that: FFTs that do not fit into the processor's cache take three times as long per sample.
    """
    usual = max(_USUAL_SIZE, 1 << (2 * run_in).bit_length())
    return min(max(1 << (length - 1).bit_length(), _LEAST_SIZE), usual)


@lru_cache(maxsize=32)
def _response(sections: Sections, size: int) -> np.ndarray:
    delay = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.ones(len(delay), complex)
    for b0, b1, b2, a0, a1, a2 in sections:
        response *= (b0 + delay * (b1 + delay * b2)) / (a0 + delay * (a1 + delay * a2))
    return response.astype(np.complex64)
