import numpy as np
import pytest

from oneshots.blocks import bin_sums, blocks, mean_per_channel, read_with_silence
from oneshots.segmentation import rms_dbfs


@pytest.mark.parametrize(
    ("edges", "sums"),
    [([0, 2, 5], [1, 9]), ([0, 5], [10]), ([0, 3, 3, 5], [3, 0, 7]), ([0, 5, 5], [10, 0]), ([0, 0, 5], [0, 10])],
)
def test_given_edges_when_summed_then_each_bin_has_its_own_values(edges, sums):
    np.testing.assert_array_equal(bin_sums(np.arange(5, dtype=np.float32), np.array(edges)), sums)


def test_given_no_values_when_summed_then_every_bin_is_zero():
    np.testing.assert_array_equal(bin_sums(np.zeros(0), np.zeros(4, int)), [0, 0, 0])


def test_given_a_length_whose_last_frame_rounds_to_nothing_when_levelled_then_it_is_silence():
    level = rms_dbfs(np.full((1, 662), 0.1, np.float32), 44100, frame_ms=5.0)
    np.testing.assert_allclose(level, [-20, -20, -20, -160], atol=1e-4)


def test_given_a_length_of_several_blocks_when_walked_then_the_parts_make_the_whole():
    samples = np.random.default_rng(1).standard_normal((2, 1001)).astype(np.float32)
    parts = list(blocks(samples, block_samples=100))
    assert [part.shape[1] for part in parts] == [100] * 10 + [1]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), samples)
    np.testing.assert_allclose(mean_per_channel(samples), samples.mean(axis=1), atol=1e-6)


@pytest.mark.parametrize(("first", "last"), [(2, 5), (-3, 4), (7, 13), (-2, 12), (11, 14), (-5, -1), (3, 3)])
def test_given_a_part_that_reaches_beyond_the_ends_when_read_then_there_is_silence(first, last):
    samples = np.arange(1, 21, dtype=np.float32).reshape(2, 10)
    around = np.pad(samples, ((0, 0), (20, 20)))
    np.testing.assert_array_equal(read_with_silence(samples, first, last), around[:, 20 + first : 20 + last])
