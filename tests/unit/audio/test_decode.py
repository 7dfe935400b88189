import numpy as np
import pytest

from oneshots.decode import decode
from tests.unit.audio.signals import (
    RATE,
    click_and_tone,
    click_seconds,
    warning_codes,
    write_by_ffmpeg,
    write_by_soundfile,
)

SECONDS = 2.0


@pytest.fixture(scope="module")
def sound():
    return click_and_tone(seconds=SECONDS)


@pytest.mark.parametrize(
    ("name", "muxer", "codec", "rate", "container", "codec_name"),
    [
        ("a.m4a", "ipod", "aac", 44100, "m4a", "aac"),
        ("a.mp4", "mp4", "aac", 48000, "mp4", "aac"),
        ("a.3gp", "3gp", "aac", 16000, "3gp", "aac"),
        ("a.m4a", "ipod", "alac", 44100, "m4a", "alac"),
        ("a.mp3", "mp3", "libmp3lame", 44100, "mp3", "mp3"),
        ("a.webm", "webm", "libopus", 48000, "webm", "opus"),
        ("a.opus", "opus", "libopus", 48000, "opus", "opus"),
        ("a.aiff", "aiff", "pcm_s16be", 44100, "aiff", "pcm_s16be"),
    ],
)
def test_given_each_format_when_decoded_then_length_and_timing_are_exact(
    tmp_path, sound, name, muxer, codec, rate, container, codec_name
):
    path = write_by_ffmpeg(tmp_path / name, sound, muxer=muxer, codec=codec, rate=rate)
    recording = decode(path)
    assert recording.sample_rate == rate
    assert recording.samples.dtype == np.float32
    assert recording.samples.shape[0] == 1
    assert recording.duration_seconds == pytest.approx(SECONDS, abs=0.002)
    assert click_seconds(recording) == pytest.approx(0.5, abs=0.003)
    assert (recording.source.container, recording.source.codec) == (container, codec_name)
    assert recording.warnings == []


@pytest.mark.parametrize(
    ("subtype", "depth", "is_float"),
    [("PCM_U8", 8, False), ("PCM_16", 16, False), ("PCM_24", 24, False), ("FLOAT", 32, True)],
)
def test_given_a_wav_of_each_depth_when_decoded_then_samples_and_facts_are_right(
    tmp_path, sound, subtype, depth, is_float
):
    recording = decode(write_by_soundfile(tmp_path / "a.wav", sound, subtype=subtype))
    assert np.max(np.abs(recording.samples - sound)) < 2.0 ** (2 - depth if not is_float else -20)
    assert (recording.source.bit_depth, recording.source.is_float) == (depth, is_float)


@pytest.mark.parametrize(("name", "subtype"), [("a.flac", "PCM_16"), ("a.ogg", "VORBIS")])
def test_given_flac_and_ogg_when_decoded_then_length_and_timing_are_right(tmp_path, sound, name, subtype):
    recording = decode(write_by_soundfile(tmp_path / name, sound, subtype=subtype))
    assert recording.duration_seconds == pytest.approx(SECONDS, abs=0.004)
    assert click_seconds(recording) == pytest.approx(0.5, abs=0.003)
    assert recording.warnings == []


def test_given_a_header_that_says_less_than_there_is_when_decoded_then_all_comes_with_a_warning(tmp_path, sound):
    whole = write_by_soundfile(tmp_path / "a.flac", sound).read_bytes()
    # STREAMINFO: the last 36 bits of these five bytes are the number of samples (RFC 9639, section 8.2).
    facts = int.from_bytes(whole[21:26]) >> 36 << 36 | RATE // 2
    (tmp_path / "b.flac").write_bytes(whole[:21] + facts.to_bytes(5) + whole[26:])
    recording = decode(tmp_path / "b.flac")
    assert recording.samples.shape[1] == sound.shape[1]
    assert warning_codes(recording) == ["HEADER_LIES"]


def test_given_a_name_like_a_protocol_when_decoded_then_it_is_a_file(tmp_path, sound, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write_by_soundfile(tmp_path / "a.wav", sound).rename(tmp_path / "concat:a|b %d 日本.wav")
    assert decode(path.relative_to(tmp_path)).duration_seconds == SECONDS
