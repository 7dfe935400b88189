"""waveform.json beside audiowaveform's definition, written down here anew: plain loops over the integers of the file.

audiowaveform 1.10.3 itself, run by hand on WAV and FLAC files of every sample format, wrote the same bytes as we do.
"""

import json
import wave

import numpy as np
import pytest

from oneshots.blocks import BLOCK_SAMPLES
from oneshots.decode import decode
from oneshots.parameters import parse_parameters
from oneshots.pipeline import process
from oneshots.waveform import samples_per_pixel_for, to_json, waveform
from tests.unit.audio.block_reader import BlockReader
from tests.unit.audio.signals import RATE, noise, write_by_soundfile

LEAST, MOST = -32768, 32767


def divided(value, divisor):
    """Integer division as C does it: towards zero."""
    return -(-value // divisor) if value < 0 else value // divisor


def drawn_by_definition(frames, *, samples_per_pixel):
    """Least and largest of the channels' mean of every `samples_per_pixel` frames, tuples of 16-bit integers."""
    data = []
    for start in range(0, len(frames), samples_per_pixel):
        least, most = MOST, LEAST
        for frame in frames[start : start + samples_per_pixel]:
            sample = divided(sum(frame), len(frame))
            least, most = min(least, sample), max(most, sample)
        data += [least, most]
    return data


def random_frames(count, *, channels, seed=3):
    """Full-range integers, with both extremes in each channel, as a list of tuples."""
    values = np.random.default_rng(seed).integers(LEAST, MOST + 1, (count, channels))
    values[5], values[9] = LEAST, MOST
    return [tuple(int(value) for value in frame) for frame in values]


def write_16_bit(path, frames):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(frames[0]))
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.array(frames, "<i2").tobytes())
    return path


def drawn(path, **options):
    recording = decode(path)
    return waveform(recording.samples, recording.sample_rate, is_integer_pcm=recording.source.is_integer_pcm, **options)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("count", [3000, 2560, 256, 10, 257])
def test_given_a_16_bit_file_when_drawn_then_it_is_audiowaveforms_definition_to_the_bit(tmp_path, channels, count):
    frames = random_frames(count, channels=channels)
    document = drawn(write_16_bit(tmp_path / "a.wav", frames), samples_per_pixel=256)
    assert document == {
        "version": 2,
        "channels": 1,
        "sample_rate": RATE,
        "samples_per_pixel": 256,
        "bits": 16,
        "length": -(-count // 256),
        "data": drawn_by_definition(frames, samples_per_pixel=256),
    }


@pytest.mark.parametrize("samples_per_pixel", [3, 1 << 17, 1 << 19])
def test_given_more_than_a_block_when_drawn_then_pixels_do_not_know_of_blocks(tmp_path, samples_per_pixel):
    frames = random_frames((1 << 18) + 12345, channels=2)
    document = drawn(write_16_bit(tmp_path / "a.wav", frames), samples_per_pixel=samples_per_pixel)
    assert document["data"] == drawn_by_definition(frames, samples_per_pixel=samples_per_pixel)


def test_given_two_channels_that_sum_to_an_odd_number_when_mixed_then_halves_go_towards_zero(tmp_path):
    path = write_16_bit(tmp_path / "a.wav", [(-3, 0), (3, 0), (-1, 0), (MOST, MOST - 1), (LEAST, LEAST)])
    assert drawn(path, samples_per_pixel=2)["data"] == [-1, 1, 0, MOST - 1, LEAST, LEAST]


@pytest.mark.parametrize(("subtype", "dropped_bits"), [("PCM_24", 8), ("PCM_U8", -8)])
def test_given_another_integer_depth_when_drawn_then_the_upper_16_bits_count(tmp_path, subtype, dropped_bits):
    values = (
        [0, 1, -1, 127, -128, 100, -77] if subtype == "PCM_U8" else [0, 255, 256, -1, -256, -257, 8388607, -8388608]
    )
    full = 128 if subtype == "PCM_U8" else 1 << 23
    path = write_by_soundfile(tmp_path / "a.wav", np.array([values]) / full, subtype=subtype)
    expected = [value >> dropped_bits if dropped_bits > 0 else value << -dropped_bits for value in values]
    data = drawn(path, samples_per_pixel=2)["data"]
    assert data == drawn_by_definition([(value,) for value in expected], samples_per_pixel=2)


def test_given_floating_point_when_drawn_then_it_is_scaled_to_32767_and_cut_off_towards_zero(tmp_path):
    values = np.array([[0.5, -0.5, 0.99999, -0.99999, 1e-5, -1e-5, 1.0, -1.0]], np.float32)
    path = write_by_soundfile(tmp_path / "a.wav", values, subtype="FLOAT")
    assert drawn(path, samples_per_pixel=2)["data"] == [-16383, 16383, -32766, 32766, 0, 0, -32767, 32767]


@pytest.mark.parametrize("is_integer_pcm", [True, False])
def test_given_overs_when_drawn_then_they_stay_in_16_bits(is_integer_pcm):
    overs = np.array([[3.0, -3.0]], np.float32)
    assert waveform(overs, RATE, is_integer_pcm=is_integer_pcm)["data"] == [LEAST, MOST]


def test_given_a_drawing_when_written_then_it_is_audiowaveforms_one_line():
    document = waveform(np.array([[0.5, -0.25]], np.float32), RATE)
    assert to_json(document) == (
        b'{"version":2,"channels":1,"sample_rate":44100,"samples_per_pixel":256,"bits":16,"length":1,"data":[-8191,16383]}\n'
    )


def test_given_a_recording_when_processed_then_its_waveform_is_of_the_files_integers(tmp_path):
    frames = random_frames(2000, channels=2)
    path = write_16_bit(tmp_path / "a.wav", frames)
    result = process(path, parameters=parse_parameters({"processing-enabled": False}), output_dir=tmp_path)
    assert json.loads(to_json(result.waveform))["data"] == drawn_by_definition(frames, samples_per_pixel=256)


def test_given_an_hour_when_a_pixel_is_chosen_then_there_are_at_most_8192():
    assert samples_per_pixel_for(RATE) == 256
    assert RATE * 3600 / samples_per_pixel_for(RATE * 3600) <= 8192


def test_given_a_long_recording_when_drawn_then_it_is_read_in_blocks_and_looks_the_same():
    samples = noise(seconds=60, level_dbfs=-20)
    reader = BlockReader(samples, most_samples=BLOCK_SAMPLES)
    assert waveform(reader, RATE) == waveform(samples, RATE)
    assert reader.samples_read == samples.shape[1]


def test_given_noise_of_a_minute_when_drawn_then_the_length_is_that_of_the_data():
    document = waveform(noise(seconds=60, level_dbfs=-20), RATE)
    assert document["samples_per_pixel"] == 512
    assert len(document["data"]) == 2 * document["length"] == 2 * -(-60 * RATE // 512)
