"""The test signals of EBU Tech 3341 (table 1) and EBU Tech 3342 (table 1) that are defined by numbers, synthesised.

Levels are peak levels of each channel; all channels are in phase. Cases 7 and 8 of Tech 3341 are recorded programmes.
"""

import numpy as np
import pytest

from oneshots import loudness
from tests.unit.audio.block_reader import BlockReader
from tests.unit.audio.signals import noise, sine

RATE = 48000


def tones(*parts, channels=2):
    """One 1 kHz sine after the other: parts are (dBFS, seconds)."""
    pieces = [sine(1000, seconds=s, level_dbfs=db, rate=RATE, channels=channels) for db, s in parts]
    return np.concatenate(pieces, axis=1)


@pytest.mark.parametrize(
    ("parts", "expected_lufs"),
    [
        pytest.param([(-23, 20)], -23.0, id="case 1"),
        pytest.param([(-33, 20)], -33.0, id="case 2"),
        pytest.param([(-36, 10), (-23, 60), (-36, 10)], -23.0, id="case 3"),
        pytest.param([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0, id="case 4"),
        pytest.param([(-26, 20), (-20, 20.1), (-26, 20)], -23.0, id="case 5"),
    ],
)
def test_given_tech_3341_cases_1_to_5_when_measured_then_integrated_loudness_is_right(parts, expected_lufs):
    assert loudness.measure(tones(*parts), RATE).integrated_lufs == pytest.approx(expected_lufs, abs=0.1)


def test_given_tech_3341_case_6_when_measured_then_surround_channels_weigh_as_bs_1770_says():
    levels_dbfs = (-28, -28, -24, -30, -30)
    five = np.concatenate([tones((level, 20), channels=1) for level in levels_dbfs])
    measured = loudness.measure(five, RATE, channel_weights=loudness.FIVE_CHANNEL_WEIGHTS)
    assert measured.integrated_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(
    ("divisor", "amplitude", "phase_degrees", "expected_dbtp"),
    [
        pytest.param(4, 0.50, 0, -6.0, id="case 15"),
        pytest.param(4, 0.50, 45, -6.0, id="case 16"),
        pytest.param(6, 0.50, 60, -6.0, id="case 17"),
        pytest.param(8, 0.50, 67.5, -6.0, id="case 18"),
        pytest.param(4, 1.41, 45, 3.0, id="case 19"),
    ],
)
def test_given_tech_3341_cases_15_to_19_when_measured_then_true_peak_is_right(
    divisor, amplitude, phase_degrees, expected_dbtp
):
    index = np.arange(RATE)
    tone = amplitude * np.sin(2 * np.pi * index / divisor + np.radians(phase_degrees))
    # The signals are faded in and out, so that their edges don't overshoot.
    tone *= np.minimum(1, np.minimum(index, index[::-1]) / 2000)
    measured = loudness.measure(np.repeat(tone[None].astype(np.float32), 2, axis=0), RATE).true_peak_dbtp
    assert expected_dbtp - 0.4 <= measured <= expected_dbtp + 0.2


@pytest.mark.parametrize(
    ("parts", "expected_lu"),
    [
        pytest.param([(-20, 20), (-30, 20)], 10, id="case 1"),
        pytest.param([(-20, 20), (-15, 20)], 5, id="case 2"),
        pytest.param([(-40, 20), (-20, 20)], 20, id="case 3"),
        pytest.param([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15, id="case 4"),
    ],
)
def test_given_tech_3342_cases_1_to_4_when_measured_then_loudness_range_is_right(parts, expected_lu):
    assert loudness.measure(tones(*parts), RATE).loudness_range_lu == pytest.approx(expected_lu, abs=1)


@pytest.mark.parametrize("rate", [8000, 44100, 48000, 96000])
def test_given_a_long_recording_when_measured_in_blocks_then_it_is_what_the_whole_measures(rate, monkeypatch):
    swell = np.concatenate([noise(seconds=s, level_dbfs=db, rate=rate, seed=s) for db, s in ((-40, 9), (-20, 14))], 1)
    samples = np.concatenate([swell, swell[:, ::-1] * np.float32(0.7)])
    in_blocks = loudness.measure(BlockReader(samples, most_samples=1 << 20), rate)
    monkeypatch.setattr(loudness, "_BLOCK_SECONDS", 60.0)
    monkeypatch.setattr(loudness, "_PEAK_BLOCK", 1 << 16)
    whole = loudness.measure(samples, rate)
    assert in_blocks.integrated_lufs == pytest.approx(whole.integrated_lufs, abs=1e-6)
    assert in_blocks.loudness_range_lu == pytest.approx(whole.loudness_range_lu, abs=1e-6)
    assert in_blocks.true_peak_dbtp == pytest.approx(whole.true_peak_dbtp, abs=1e-4)
    assert in_blocks.sample_peak_dbfs == whole.sample_peak_dbfs
