import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from oneshots.blocks import BLOCK_SAMPLES
from oneshots.canvas import PLOT_WIDTH, WIDTH, Paint
from oneshots.overview import extremes_per_column, numbers_with_room, overview_png
from tests.unit.audio.block_reader import BlockReader
from tests.unit.audio.signals import RATE, noise, silence, sine

LEFT, TOP, HEIGHT = 120, 52, 340


def drawn(samples, spans=(), rate=RATE):
    """The picture's palette indices, and the plot's part of them."""
    picture = Image.open(io.BytesIO(overview_png(samples, rate, spans=spans)))
    assert (picture.format, picture.mode, picture.size) == ("PNG", "P", (WIDTH, TOP + HEIGHT + 56))
    indices = np.asarray(picture)
    return indices, indices[TOP : TOP + HEIGHT, LEFT : LEFT + PLOT_WIDTH]


def heights(plot):
    """How many pixels of waveform each column has."""
    return np.isin(plot, [Paint.BETWEEN, Paint.ODD, Paint.EVEN]).sum(axis=0)


def test_given_two_one_shots_when_drawn_then_their_spans_are_shaded_in_two_colours():
    _, plot = drawn(silence(seconds=4), [(1, 2), (2.5, 3)])
    ground = plot[10]
    quarter, eighth = PLOT_WIDTH // 4, PLOT_WIDTH // 8
    assert set(ground[:quarter]) == {Paint.PLOT}
    assert set(ground[quarter : 2 * quarter]) == {Paint.ODD_SPAN}
    assert set(ground[2 * quarter : 5 * eighth]) == {Paint.PLOT}
    assert set(ground[5 * eighth : 6 * eighth]) == {Paint.EVEN_SPAN}


def test_given_a_louder_part_when_drawn_then_its_columns_are_taller_and_of_the_square_root_of_the_level():
    samples = np.concatenate([sine(1000, seconds=1, level_dbfs=-12), sine(1000, seconds=1, level_dbfs=0)], axis=1)
    _, plot = drawn(samples)
    soft, loud = np.median(heights(plot[:, :400])), np.median(heights(plot[:, 500:]))
    assert loud == pytest.approx(HEIGHT, abs=4)
    assert soft / loud == pytest.approx(10 ** (-12 / 40), abs=0.02)


def test_given_a_soft_recording_when_drawn_then_it_fills_the_plot_all_the_same():
    _, plot = drawn(sine(1000, seconds=1, level_dbfs=-42))
    assert np.median(heights(plot)) == pytest.approx(HEIGHT, abs=4)


def test_given_a_sound_on_one_side_only_when_drawn_then_it_is_as_tall_as_on_both():
    one = np.concatenate([sine(1000, seconds=1), silence(seconds=1)], axis=0)
    assert np.array_equal(drawn(one)[1], drawn(sine(1000, seconds=1))[1])


@pytest.mark.parametrize("samples", [silence(seconds=5, channels=2), silence(seconds=1 / RATE)])
def test_given_silence_when_drawn_then_it_is_a_line_in_the_middle(samples):
    _, plot = drawn(samples)
    assert set(heights(plot)) == {2}
    assert set(plot[HEIGHT // 2]) == {Paint.BETWEEN}


def test_given_one_sample_when_drawn_then_it_is_a_line_at_its_level_and_its_one_shot_is_everywhere():
    _, plot = drawn(np.full((1, 1), 0.5, np.float32), [(0, 1 / RATE)])
    assert set(heights(plot)) == {2}
    assert set(plot[HEIGHT // 2]) == {Paint.ODD_SPAN}


@pytest.mark.parametrize("level", [-1e6, 1e6, 1e-30])
def test_given_samples_out_of_all_range_when_drawn_then_there_is_a_picture(level):
    drawn(np.full((1, 5000), level, np.float32))


def test_given_no_one_shots_when_drawn_then_words_say_so_over_the_plot():
    indices, _ = drawn(noise(seconds=1, level_dbfs=-30))
    strip = indices[: TOP - 2, LEFT:]
    assert 150 < np.ptp(np.nonzero(strip.any(axis=0))[0]) < 300


@pytest.mark.parametrize("count", [1, 12, 430, 3000])
def test_given_many_one_shots_when_numbered_then_the_numbers_are_over_the_plot_and_in_the_picture(count):
    spans = [(index / count, (index + 0.7) / count) for index in range(count)]
    indices, _ = drawn(noise(seconds=1, level_dbfs=-20), spans)
    inked = indices[: TOP - 14].any(axis=0)
    assert not inked[: LEFT - 8].any()
    assert not inked[-1]
    assert inked.any()


def test_given_a_crowd_when_numbers_are_chosen_then_the_first_the_last_and_round_ones_are_kept():
    chosen = numbers_with_room([40.0] * 430, [index * 2.1 for index in range(430)])
    assert chosen[0] == 1
    assert chosen[-1] == 430
    assert sum(number % 10 == 0 for number in chosen) >= len(chosen) - 2
    assert len(chosen) > 8
    gaps = np.diff([number * 2.1 for number in chosen])
    assert gaps.min() >= 40


def test_given_room_when_numbers_are_chosen_then_all_are_kept():
    assert numbers_with_room([20.0] * 5, [0, 100, 200, 300, 400]) == [1, 2, 3, 4, 5]
    assert numbers_with_room([], []) == []


@pytest.mark.parametrize("length", [1, 7, PLOT_WIDTH, PLOT_WIDTH + 1, 12345])
def test_given_any_length_when_reduced_then_each_column_has_the_extremes_of_its_samples(length):
    samples = noise(seconds=length / RATE, level_dbfs=-10)
    lowest, highest = extremes_per_column(samples, columns=PLOT_WIDTH)
    edges = [index * length // PLOT_WIDTH for index in range(PLOT_WIDTH + 1)]
    for column in range(PLOT_WIDTH):
        inside = samples[0, edges[column] : max(edges[column + 1], edges[column] + 1)]
        assert (lowest[column], highest[column]) == (inside.min(), inside.max())


def test_given_a_long_recording_when_drawn_then_it_is_read_in_blocks_and_looks_the_same():
    samples = noise(seconds=60, level_dbfs=-20)
    reader = BlockReader(samples, most_samples=BLOCK_SAMPLES)
    assert overview_png(reader, RATE, spans=[(1, 2)]) == overview_png(samples, RATE, spans=[(1, 2)])
    assert reader.samples_read == samples.shape[1]


def test_given_an_hour_when_drawn_then_memory_does_not_grow_with_it():
    hour = np.broadcast_to(np.zeros((1, 1), np.float32), (1, 3600 * RATE))
    tracemalloc.start()
    overview_png(hour, RATE, spans=[])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6
