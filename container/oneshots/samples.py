"""Decoded samples: short recordings in memory, long ones in a scratch file that is read back block by block.

An hour of stereo at 48 kHz is 1.4 GB of float32; the work on it needs a few seconds at a time. The scratch file keeps
float32, so nothing is lost of 24 bits. It is read by plain reads: pages of a mapped file would count as memory.
"""

import errno
import os
import tempfile
import weakref
from typing import Protocol

import numpy as np

from oneshots.limits import RESERVED_BYTES, DiskFullError, free_bytes

MOST_BYTES_IN_MEMORY = 64 << 20
_SAMPLE_BYTES = np.dtype(np.float32).itemsize
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Samples(Protocol):
    """What audio functions read a recording from: `shape` is (channels, n), `[:, a:b]` a float32 array of that part.

    A numpy array is one; `StoredSamples` is the other. Ask for parts only: the whole may not fit into memory.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(channels, n)."""
        ...

    def __getitem__(self, key: tuple[slice, slice], /) -> np.ndarray:
        """Return samples a to b of all channels, shape (channels, b - a)."""
        ...


class StoredSamples:
    """Samples in a scratch file, read when sliced: `[:, a:b]` is a new float32 array of shape (channels, b - a).

    a and b may be left out and beyond the ends, as with an array; negative ones and steps are not for recordings.
    """

    def __init__(self, file: "_ScratchFile", *, channels: int, first: int, length: int) -> None:
        self._file = file
        self._first = first
        self.shape: tuple[int, ...] = (channels, length)

    def __getitem__(self, key: tuple[slice, slice], /) -> np.ndarray:
        channels, length = self.shape
        every_channel, part = key
        if every_channel != slice(None) or part.step is not None or min(part.start or 0, part.stop or 0) < 0:
            raise IndexError(f"samples in a file are read as [:, a:b] with 0 <= a <= b, not as {key}")
        start = min(part.start or 0, length)
        stop = max(min(length if part.stop is None else part.stop, length), start)
        interleaved = np.empty((stop - start, channels), np.float32)
        self._file.read_into(interleaved, offset=(self._first + start) * channels * _SAMPLE_BYTES)
        return np.ascontiguousarray(interleaved.T)


class SampleCollector:
    """Takes decoded blocks one after the other, in memory until there are `most_bytes_in_memory`, then in a file."""

    def __init__(self, channels: int, *, most_bytes_in_memory: int = MOST_BYTES_IN_MEMORY) -> None:
        self._channels = channels
        self._most_bytes_in_memory = most_bytes_in_memory
        self._blocks: list[np.ndarray] = []
        self._file: _ScratchFile | None = None
        self.length = 0

    def append(self, block: np.ndarray) -> None:
        """Take `block`, float32 of shape (channels, n). Raises `limits.DiskFullError`."""
        self.length += block.shape[1]
        self._blocks.append(block)
        if self._file is None:
            if self.length * self._channels * _SAMPLE_BYTES <= self._most_bytes_in_memory:
                return
            self._file = _ScratchFile()
        for waiting in self._blocks:
            self._file.append(np.ascontiguousarray(waiting.T, np.float32))
        self._blocks.clear()

    def finish(self, *, skip: int = 0) -> Samples:
        """Return all but the first `skip` samples, of which there must be more."""
        if self._file is None:
            return np.concatenate(self._blocks, axis=1)[:, skip:]
        return StoredSamples(self._file, channels=self._channels, first=skip, length=self.length - skip)


class _ScratchFile:
    """A file in TMPDIR without a name from the start: whatever ends the process, the space is free again."""

    def __init__(self) -> None:
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with this object, by the finalizer
        weakref.finalize(self, file.close)
        self._descriptor = file.fileno()
        self._size = 0

    def append(self, values: np.ndarray) -> None:
        """Write contiguous `values` at the end."""
        rest = memoryview(values).cast("B") if values.size else memoryview(b"")
        if free_bytes(self._descriptor) < len(rest) + RESERVED_BYTES:
            raise self._full(errno.ENOSPC)
        try:
            while rest:
                written = os.write(self._descriptor, rest)
                self._size += written
                rest = rest[written:]
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            raise self._full(error.errno) from error

    def _full(self, reason: int) -> DiskFullError:
        return DiskFullError(
            reason,
            f"no room for the decoded recording in {tempfile.gettempdir()} after {self._size >> 20} MB; "
            "TMPDIR must name a folder with more (an hour of stereo at 48 kHz takes 1.4 GB)",
        )

    def read_into(self, values: np.ndarray, *, offset: int) -> None:
        """Fill contiguous `values` from byte `offset` on."""
        rest = memoryview(values).cast("B") if values.size else memoryview(b"")
        while rest:
            count = os.preadv(self._descriptor, [rest], offset)
            if count == 0:
                raise EOFError("the scratch file is shorter than what was written to it")
            offset += count
            rest = rest[count:]
