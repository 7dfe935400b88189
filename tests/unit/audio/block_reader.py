"""A recording that is too long to be taken whole."""

import numpy as np


class BlockReader:
    """Samples of shape (channels, n) that hand out `[:, first:last]` of at most `most_samples` and nothing else."""

    def __init__(self, samples: np.ndarray, *, most_samples: int) -> None:
        self._samples = samples
        self._most_samples = most_samples
        self.shape = samples.shape
        self.samples_read = 0

    def __getitem__(self, index: tuple[slice, slice]) -> np.ndarray:
        channels, taken = index
        assert channels == slice(None)
        assert taken.step is None
        assert 0 <= taken.start <= self.shape[1]
        block = self._samples[:, taken]
        assert block.shape[1] <= self._most_samples
        self.samples_read += block.shape[1]
        return block

    def __array__(self, *_: object, **__: object) -> np.ndarray:
        raise AssertionError("the whole recording was asked for")
