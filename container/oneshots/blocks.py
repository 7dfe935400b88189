"""Walking over a long recording in blocks, so that float64 work never holds it whole."""

from collections.abc import Iterator

import numpy as np

from oneshots.samples import Samples

BLOCK_SAMPLES = 1 << 18


def blocks(samples: Samples, *, block_samples: int = BLOCK_SAMPLES) -> Iterator[np.ndarray]:
    """Yield consecutive parts of shape (channels, <= block_samples) of `samples`, shape (channels, n)."""
    for start in range(0, samples.shape[1], block_samples):
        yield samples[:, start : start + block_samples]


def read_with_silence(samples: Samples, first: int, last: int) -> np.ndarray:
    """Read samples `first` to `last` (exclusive), float32 of shape (channels, last - first): zeros beyond the ends."""
    channels, length = samples.shape
    padded = np.zeros((channels, last - first), np.float32)
    inside = samples[:, max(first, 0) : max(min(last, length), 0)]
    before = max(-first, 0)
    padded[:, before : before + inside.shape[1]] = inside
    return padded


def mean_per_channel(samples: Samples) -> np.ndarray:
    """Return the DC offset: the mean of each channel, shape (channels,), float64."""
    total = np.zeros(samples.shape[0])
    for block in blocks(samples):
        total += block.sum(axis=1, dtype=np.float64)
    return total / max(samples.shape[1], 1)


def bin_sums(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the sums of `values`, shape (n,), between consecutive `edges`, shape (bins + 1,): float64, shape (bins,).

    The edges rise from 0 to n; where two are the same there is nothing to sum.
    """
    sums = np.zeros(len(edges) - 1)
    begins = edges[:-1][edges[:-1] < len(values)]
    if len(begins):
        sums[: len(begins)] = np.add.reduceat(values, begins, dtype=np.float64)
    return np.where(np.diff(edges) > 0, sums, 0.0)
