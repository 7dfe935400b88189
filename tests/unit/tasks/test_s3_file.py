"""The seekable file over ranged reads."""

import io

import numpy as np
import pytest

from metadata.s3_file import BLOCK_BYTES, ReadBudgetExceededError, S3File

CONTENT = np.random.default_rng(3).bytes(40 * BLOCK_BYTES + 123)


class Ranges:
    """Counts what is read of some content."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content = content
        self.calls: list[tuple[int, int]] = []

    def __call__(self, offset: int, length: int) -> bytes:
        assert 0 <= offset < len(self.content)
        assert length >= 1
        self.calls.append((offset, length))
        return self.content[offset : offset + length]


def _file(ranges: Ranges, budget_bytes: int = 10**9) -> S3File:
    return S3File(ranges, size_bytes=len(ranges.content), budget_bytes=budget_bytes)


def test_given_random_seeks_and_reads_when_compared_with_a_file_in_memory_then_both_agree() -> None:
    file, model, dice = _file(Ranges()), io.BytesIO(CONTENT), np.random.default_rng(5)
    for _ in range(500):
        whence = int(dice.choice([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END]))
        offset = int(dice.integers(len(CONTENT) + 1000)) - {0: 0, 1: model.tell(), 2: len(CONTENT)}[whence]
        size = int(dice.choice([0, 1, 7, BLOCK_BYTES, 3 * BLOCK_BYTES]))
        assert file.seek(offset, whence) == model.seek(offset, whence)
        assert file.read(size) == model.read(size)
        assert file.tell() == model.tell()


def test_given_seeks_alone_when_moving_about_then_nothing_is_fetched() -> None:
    ranges = Ranges()
    file = _file(ranges)
    file.seek(0, io.SEEK_END)
    file.seek(-100, io.SEEK_CUR)
    assert (ranges.calls, file.bytes_fetched) == ([], 0)


def test_given_reads_within_a_block_when_repeated_then_it_is_fetched_once_and_counted() -> None:
    ranges = Ranges()
    file = _file(ranges)
    for _ in range(3):
        file.seek(10)
        assert file.read(100) == CONTENT[10:110]
    assert ranges.calls == [(0, BLOCK_BYTES)]
    assert file.bytes_fetched == BLOCK_BYTES


def test_given_reading_straight_on_when_it_goes_on_then_the_fetches_grow() -> None:
    ranges = Ranges()
    file = _file(ranges)
    assert b"".join(iter(lambda: file.read(10_000), b"")) == CONTENT
    assert [length // BLOCK_BYTES for _, length in ranges.calls] == [1, 2, 4, 8, 16, 9]
    assert file.bytes_fetched == len(CONTENT)


def test_given_jumps_when_reading_then_each_fetches_one_block() -> None:
    ranges = Ranges()
    file = _file(ranges)
    for block in (0, 20, 7, 33):
        file.seek(block * BLOCK_BYTES)
        file.read(1)
    assert [length for _, length in ranges.calls] == [BLOCK_BYTES] * 4


def test_given_a_budget_when_it_is_used_up_then_it_is_said_once_and_the_file_ends() -> None:
    ranges = Ranges()
    file = _file(ranges, budget_bytes=3 * BLOCK_BYTES)
    file.read(3 * BLOCK_BYTES)
    with pytest.raises(ReadBudgetExceededError, match=str(3 * BLOCK_BYTES)):
        file.read(1)
    assert file.read(1) == b""
    assert file.bytes_fetched == 3 * BLOCK_BYTES


def test_given_a_file_longer_than_what_is_kept_when_read_again_then_the_content_is_right() -> None:
    content = np.random.default_rng(9).bytes(150 * BLOCK_BYTES)
    file = _file(Ranges(content))
    file.seek(100 * BLOCK_BYTES)
    file.read()
    file.seek(0)
    assert file.read() == content


def test_given_a_position_before_the_start_when_sought_then_it_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="before the start"):
        _file(Ranges()).seek(-1)
