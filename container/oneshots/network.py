"""A small convolutional network that says, frame by frame, whether a sound begins and whether one is heard.

A temporal convolutional network (Bai, Kolter and Koltun, "An Empirical Evaluation of Generic Convolutional and
Recurrent Networks for Sequence Modeling", 2018) with past and future in view, as convolutional onset detectors have
(Schlüter and Böck, "Improved Musical Onset Detection with Convolutional Neural Networks", ICASSP 2014): a convolution
over five frames, residual ones over three frames ever farther apart, and two outputs. numpy alone evaluates it here.

The weights are data, `network.npz`, fitted by `bench/fit_network.py`, which says on what.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from oneshots.observation import Observation

_BLOCK_FRAMES = 4096


@dataclass(frozen=True, kw_only=True)
class Activations:
    """Probabilities 0..1 for each frame, shape (frames,) each: a sound begins here; one is heard here."""

    onset: np.ndarray
    audible: np.ndarray


@dataclass(frozen=True, kw_only=True)
class _Weights:
    """Kernels of shape (taps, inputs, outputs), biases of shape (outputs,); `dilations` of the residual ones."""

    mean: np.ndarray
    scale: np.ndarray
    first: np.ndarray
    first_bias: np.ndarray
    residual: np.ndarray
    residual_bias: np.ndarray
    dilations: tuple[int, ...]
    last: np.ndarray
    last_bias: np.ndarray

    @property
    def reach(self) -> int:
        """How many frames before and after one have a say in it."""
        return len(self.first) // 2 + len(self.last) // 2 + sum(self.dilations) * (self.residual.shape[1] // 2)


def activations(observed: Observation) -> Activations:
    """Evaluate the network on all frames of what was `observed`, a block at a time."""
    weights = _weights()
    found = np.empty((len(observed), 2), np.float32)
    for start in range(0, len(observed), _BLOCK_FRAMES):
        end = min(start + _BLOCK_FRAMES, len(observed))
        first, last = max(start - weights.reach, 0), min(end + weights.reach, len(observed))
        found[start:end] = _evaluate(weights, observed.features(first, last))[start - first :][: end - start]
    return Activations(onset=found[:, 0], audible=found[:, 1])


def _evaluate(weights: _Weights, features: np.ndarray) -> np.ndarray:
    normal = (features - weights.mean) * weights.scale
    hidden = _rectified(_convolve(normal, weights.first, weights.first_bias, dilation=1))
    for kernel, bias, dilation in zip(weights.residual, weights.residual_bias, weights.dilations, strict=True):
        hidden += _rectified(_convolve(hidden, kernel, bias, dilation=dilation))
    return np.asarray(1 / (1 + np.exp(-_convolve(hidden, weights.last, weights.last_bias, dilation=1))))


def _convolve(values: np.ndarray, kernel: np.ndarray, bias: np.ndarray, *, dilation: int) -> np.ndarray:
    """Convolve `values`, shape (frames, inputs), over frames `dilation` apart; beyond the ends there are zeros."""
    reach = len(kernel) // 2 * dilation
    padded = np.pad(values, ((reach, reach), (0, 0)))
    total = np.repeat(bias[None, :], len(values), axis=0)
    for tap, weight in enumerate(kernel):
        total += padded[tap * dilation :][: len(values)] @ weight
    return total


def _rectified(values: np.ndarray) -> np.ndarray:
    return np.maximum(values, 0, out=values)


@cache
def _weights() -> _Weights:
    with np.load(Path(__file__).parent / "network.npz", allow_pickle=False) as stored:
        tables = {name: stored[name].astype(np.float32) for name in stored.files if name != "dilations"}
        return _Weights(**tables, dilations=tuple(int(each) for each in stored["dilations"]))
