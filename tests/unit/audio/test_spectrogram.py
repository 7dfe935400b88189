import io

import numpy as np
import pytest
from PIL import Image

from oneshots.blocks import BLOCK_SAMPLES
from oneshots.canvas import HEAT_COLOURS, PLOT_WIDTH, WIDTH, Paint
from oneshots.spectrogram import FRAMES_A_COLUMN, frame_starts, spectrogram_png, window_samples
from tests.unit.audio.block_reader import BlockReader
from tests.unit.audio.signals import RATE, noise, silence, sine

LEFT, TOP, HEIGHT = 120, 64, 420
DARKEST, BRIGHTEST = Paint.HEAT, Paint.HEAT + HEAT_COLOURS - 1


def drawn(samples, spans=(), rate=RATE):
    """The picture's palette indices, and the plot's part of them."""
    picture = Image.open(io.BytesIO(spectrogram_png(samples, rate, spans=spans)))
    assert (picture.format, picture.mode, picture.size) == ("PNG", "P", (WIDTH, TOP + HEIGHT + 56))
    indices = np.asarray(picture)
    return indices, indices[TOP : TOP + HEIGHT, LEFT : LEFT + PLOT_WIDTH]


def row_of(hertz, *, highest=20000.0):
    return HEIGHT * np.log(highest / hertz) / np.log(highest / 50)


@pytest.mark.parametrize("hertz", [110, 440, 3000, 12000])
def test_given_a_tone_when_drawn_then_the_brightest_row_is_at_its_frequency(hertz):
    _, plot = drawn(sine(hertz, seconds=2))
    column = plot[:, PLOT_WIDTH // 2]
    brightest = np.nonzero(column == column.max())[0]
    assert column.max() == BRIGHTEST
    assert brightest.mean() == pytest.approx(row_of(hertz), abs=6)
    assert column[round(row_of(hertz * 2))] < Paint.HEAT + HEAT_COLOURS // 2


@pytest.mark.parametrize("rate", [8000, 96000])
def test_given_another_rate_when_drawn_then_the_axis_ends_at_half_of_it_or_at_20_khz(rate):
    _, plot = drawn(sine(1000, seconds=1, rate=rate), rate=rate)
    column = plot[:, PLOT_WIDTH // 2]
    highest = min(20000, rate / 2)
    assert np.nonzero(column == column.max())[0].mean() == pytest.approx(row_of(1000, highest=highest), abs=6)


def test_given_a_tone_that_begins_when_drawn_then_its_columns_are_bright_from_there_on():
    samples = np.concatenate([silence(seconds=1), sine(1000, seconds=1)], axis=1)
    _, plot = drawn(samples)
    row = plot[round(row_of(1000))]
    half, window = PLOT_WIDTH // 2, round(PLOT_WIDTH * 0.046 / 2)
    assert set(row[: half - window]) == {DARKEST}
    assert min(row[half + window :]) > BRIGHTEST - 4


def test_given_a_click_of_an_hour_when_drawn_then_its_column_shows_it():
    samples = noise(seconds=600, level_dbfs=-90, rate=8000)
    samples[0, 4_000_123:4_000_200] += sine(2000, seconds=77 / 8000, rate=8000)[0]
    _, plot = drawn(samples, rate=8000)
    row = plot[round(row_of(2000, highest=4000))].astype(int)
    assert np.argmax(row) == 4_000_123 * PLOT_WIDTH // samples.shape[1]
    assert np.sort(row)[-1] - np.sort(row)[-3] > HEAT_COLOURS // 3


@pytest.mark.parametrize(
    "samples", [silence(seconds=5), silence(seconds=90, channels=2), silence(seconds=1 / RATE), silence(seconds=0.001)]
)
def test_given_silence_when_drawn_then_the_plot_is_dark(samples):
    _, plot = drawn(samples)
    assert set(plot.ravel()) == {DARKEST}


@pytest.mark.parametrize("level", [-1e6, 1e6, 1e-30, 0.5])
def test_given_one_sample_when_drawn_then_there_is_a_picture(level):
    drawn(np.full((2, 1), level, np.float32), [(0, 1 / RATE)])


def test_given_one_shots_when_drawn_then_a_line_over_the_plot_shows_them_in_two_colours():
    indices, _ = drawn(noise(seconds=1, level_dbfs=-20), [(0.25, 0.5), (0.5, 0.75)])
    line = indices[TOP - 5, LEFT : LEFT + PLOT_WIDTH]
    quarter = PLOT_WIDTH // 4
    expected = [Paint.BACKGROUND, Paint.ODD, Paint.EVEN, Paint.BACKGROUND]
    assert [set(line[part * quarter : (part + 1) * quarter]) for part in range(4)] == [{each} for each in expected]


def test_given_a_side_without_sound_when_drawn_then_the_other_side_is_seen():
    both = np.concatenate([sine(1000, seconds=1), silence(seconds=1)], axis=0)
    assert drawn(both)[1].max() == BRIGHTEST


@pytest.mark.parametrize("seconds", [45, 50, 67, 180])
def test_given_long_columns_when_frames_are_chosen_then_each_has_its_own_and_at_most_six(seconds):
    samples = noise(seconds=seconds, level_dbfs=-20, rate=8000)
    chosen = frame_starts(samples, 8000, columns=PLOT_WIDTH)
    window, length = window_samples(8000), samples.shape[1]
    assert len(chosen) == PLOT_WIDTH
    assert {1 <= len(starts) <= FRAMES_A_COLUMN for starts in chosen} == {True}
    for column, starts in enumerate(chosen):
        middles = (starts + window / 2) * PLOT_WIDTH / length
        assert np.all(np.abs(middles - column - 0.5) <= 0.5 + window * PLOT_WIDTH / length)


@pytest.mark.parametrize("seconds", [20, 60, 300])
def test_given_a_long_recording_when_drawn_then_it_is_read_in_blocks_and_looks_the_same(seconds):
    samples = noise(seconds=seconds, level_dbfs=-20, rate=22050)
    reader = BlockReader(samples, most_samples=BLOCK_SAMPLES)
    assert spectrogram_png(reader, 22050, spans=[]) == spectrogram_png(samples, 22050, spans=[])
    frames = PLOT_WIDTH * FRAMES_A_COLUMN * window_samples(22050)
    assert reader.samples_read <= samples.shape[1] + frames
