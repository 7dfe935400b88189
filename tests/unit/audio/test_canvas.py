import pytest

from oneshots.canvas import HEAT_COLOURS, PLOT_WIDTH, Ink, Paint, columns_of, owner_per_column, palette, time_ticks


def luminance(colour):
    """Relative luminance (WCAG 2.2)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour / 255]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("ink", list(Ink))
def test_given_a_label_when_read_on_the_background_then_its_contrast_is_more_than_7(ink):
    colours = palette()
    assert contrast(colours[ink + 15], colours[Paint.BACKGROUND]) > 7


@pytest.mark.parametrize(
    ("wave", "ground"),
    [(Paint.BETWEEN, Paint.PLOT), (Paint.ODD, Paint.ODD_SPAN), (Paint.EVEN, Paint.EVEN_SPAN)],
)
def test_given_a_waveform_when_seen_on_its_ground_then_its_contrast_is_more_than_3(wave, ground):
    colours = palette()
    assert contrast(colours[wave], colours[ground]) > 3


def test_given_the_heat_colours_when_they_rise_then_each_is_brighter_than_the_one_before():
    heat = [luminance(colour) for colour in palette()[Paint.HEAT :]]
    assert len(heat) == HEAT_COLOURS
    assert heat == sorted(set(heat))


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (1 / 44100, ["0 ms", "0.005 ms", "0.01 ms", "0.015 ms", "0.02 ms"]),
        (0.25, ["0 ms", "50 ms", "100 ms", "150 ms", "200 ms", "250 ms"]),
        (1, ["0 s", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1 s"]),
        (31.3, ["0 s", "10 s", "20 s", "30 s"]),
        (90, ["0:00", "0:15", "0:30", "0:45", "1:00", "1:15", "1:30"]),
        (600, ["0 min", "2 min", "4 min", "6 min", "8 min", "10 min"]),
        (3600, ["0 min", "10 min", "20 min", "30 min", "40 min", "50 min", "60 min"]),
        (4 * 3600, ["0 h", "1 h", "2 h", "3 h", "4 h"]),
        (100 * 3600, ["0 h", "16.67 h", "33.33 h", "50 h", "66.67 h", "83.33 h", "100 h"]),
    ],
)
def test_given_a_duration_when_its_axis_is_labelled_then_the_steps_are_round_and_few(seconds, labels):
    assert [label for _, label in time_ticks(seconds)] == labels


def test_given_a_span_when_put_on_the_plot_then_it_has_all_columns_that_it_touches():
    assert columns_of((0.25, 0.5), seconds=1) == (PLOT_WIDTH // 4, PLOT_WIDTH // 2)
    assert columns_of((0.25001, 0.25002), seconds=1) == (PLOT_WIDTH // 4, PLOT_WIDTH // 4 + 1)
    assert columns_of((1.0, 1.0), seconds=1) == (PLOT_WIDTH - 1, PLOT_WIDTH)


def test_given_two_spans_when_they_overlap_then_the_later_one_is_seen():
    owners = owner_per_column([(0, 0.6), (0.5, 1)], seconds=1)
    assert set(owners[: PLOT_WIDTH // 2]) == {1}
    assert set(owners[PLOT_WIDTH // 2 :]) == {2}
