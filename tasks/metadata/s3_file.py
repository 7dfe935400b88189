"""A recording in S3 as a file to read and seek in, which fetches only what is asked for."""

import io
from collections import OrderedDict
from collections.abc import Callable

BLOCK_BYTES = 64 * 1024
_MAX_RUN_BLOCKS = 16
_BLOCKS_KEPT = 64

type ReadRange = Callable[[int, int], bytes]


class ReadBudgetExceededError(Exception):
    """Reading went on beyond the budget: the headers lie too far apart, or there are none."""


class S3File(io.RawIOBase):
    """A read-only, seekable file over ranged reads of whole blocks, the last used of which are kept.

    Args:
        read_range: gives `length` bytes from `offset`.
        size_bytes: the size of the file.
        budget_bytes: how many bytes may be fetched in all.

    Attributes:
        size_bytes: the size of the file.
        bytes_fetched: how many bytes were fetched so far.

    """

    def __init__(self, read_range: ReadRange, *, size_bytes: int, budget_bytes: int) -> None:
        super().__init__()
        self._read_range = read_range
        self.size_bytes = size_bytes
        self._budget = budget_bytes
        self._position = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._run_blocks = 1
        self._next_index = -1
        self._exhausted = False
        self.bytes_fetched = 0

    def readable(self) -> bool:
        """Return True: it is there to be read."""
        return True

    def seekable(self) -> bool:
        """Return True: any position costs the same."""
        return True

    def tell(self) -> int:
        """Return the position in bytes from the start."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to `offset` from start, position or end; nothing is fetched. Before the start is a ValueError."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size_bytes}[whence]
        if origin + offset < 0:
            raise ValueError(f"cannot seek to {origin + offset}, before the start of the file")
        self._position = origin + offset
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` from the position on and return how many bytes that were: 0 at the end.

        Raises:
            ReadBudgetExceededError: the budget is used up. Said once: a reader that tries on meets the end of the file.

        """
        if self._exhausted:
            return 0
        start, end = self._position, min(self._position + len(buffer), self.size_bytes)
        while self._position < end:
            index, offset = divmod(self._position, BLOCK_BYTES)
            piece = self._block(index)[offset : offset + end - self._position]
            if not piece:
                break
            buffer[self._position - start : self._position - start + len(piece)] = piece
            self._position += len(piece)
        return max(0, self._position - start)

    def _block(self, index: int) -> bytes:
        if index not in self._blocks:
            self._fetch(index)
        self._blocks.move_to_end(index)
        return self._blocks[index]

    def _fetch(self, index: int) -> None:
        """Fetch the block, and the more after it the longer the reading goes straight on."""
        self._run_blocks = min(self._run_blocks * 2, _MAX_RUN_BLOCKS) if index == self._next_index else 1
        offset = index * BLOCK_BYTES
        length = min(self._run_blocks * BLOCK_BYTES, self.size_bytes - offset, self._budget - self.bytes_fetched)
        if length <= 0:
            self._exhausted = True
            raise ReadBudgetExceededError(f"more than {self._budget} bytes would have to be read")
        run = self._read_range(offset, length)
        self.bytes_fetched += len(run)
        self._next_index = index + self._run_blocks
        self._keep(index, run)

    def _keep(self, index: int, run: bytes) -> None:
        for start in range(0, max(len(run), 1), BLOCK_BYTES):
            self._blocks[index] = run[start : start + BLOCK_BYTES]
            index += 1
        while len(self._blocks) > _BLOCKS_KEPT:
            self._blocks.popitem(last=False)
