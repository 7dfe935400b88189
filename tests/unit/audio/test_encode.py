import gc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from oneshots.decode import Source, decode
from oneshots.encode import Encoding, choose_encoding, encode
from tests.unit.audio.signals import sine

WAV16 = Source(container="wav", codec="pcm_s16le", bit_depth=16)
WAV24 = Source(container="wav", codec="pcm_s24le", bit_depth=24)
WAV_FLOAT = Source(container="wav", codec="pcm_f32le", bit_depth=32, is_float=True)
FLAC24 = Source(container="flac", codec="flac", bit_depth=24)
M4A = Source(container="m4a", codec="aac", bit_rate=96_000)
ALAC = Source(container="m4a", codec="alac", bit_depth=24)
WEBM = Source(container="webm", codec="opus")


@pytest.mark.parametrize(
    ("requested", "source", "expected"),
    [
        ("original", WAV16, ("wav", "PCM_16")),
        ("original", WAV24, ("wav", "PCM_24")),
        ("original", WAV_FLOAT, ("wav", "FLOAT")),
        ("original", FLAC24, ("flac", "PCM_24")),
        ("original", M4A, ("m4a", "aac")),
        ("original", ALAC, ("m4a", "alac")),
        ("original", Source(container="mp3", codec="mp3"), ("mp3", "libmp3lame")),
        ("original", WEBM, ("wav", "PCM_16")),
        ("original", Source(container="3gp", codec="aac"), ("wav", "PCM_16")),
        ("original", Source(container="aac", codec="aac"), ("wav", "PCM_16")),
        ("wav", M4A, ("wav", "PCM_16")),
        ("wav", FLAC24, ("wav", "PCM_24")),
        ("flac", WAV16, ("flac", "PCM_16")),
        ("flac", WAV_FLOAT, ("flac", "PCM_24")),
        ("mp3", WEBM, ("mp3", "libmp3lame")),
        ("m4a", WEBM, ("m4a", "aac")),
    ],
)
def test_given_a_wish_and_a_source_when_chosen_then_the_encoding_keeps_what_the_source_has(requested, source, expected):
    encoding = choose_encoding(requested, source)
    assert (encoding.format, encoding.subtype) == expected


@pytest.mark.parametrize("seconds", [0.02, 0.517])
@pytest.mark.parametrize("rate", [8000, 44100, 48000, 96000])
@pytest.mark.parametrize(
    ("encoding", "tolerance"),
    [
        (Encoding(format="wav", subtype="PCM_16"), 1e-4),
        (Encoding(format="flac", subtype="PCM_24"), 1e-6),
        (Encoding(format="m4a", subtype="alac"), 1e-6),
        (Encoding(format="m4a", subtype="aac"), 0.15),
        (Encoding(format="mp3", subtype="libmp3lame"), 0.15),
    ],
    ids=["wav", "flac", "alac", "aac", "mp3"],
)
def test_given_a_sound_when_encoded_then_it_decodes_to_the_same_length_and_shape(
    tmp_path, encoding, tolerance, rate, seconds
):
    samples = sine(400, seconds=seconds, rate=rate, channels=2)
    path = tmp_path / f"a b+c%d 日本.{encoding.format}"
    written = encode(path, samples, rate, encoding=encoding)
    recording = decode(path)
    assert recording.sample_rate == written
    assert recording.samples.shape[1] == pytest.approx(samples.shape[1] * written / rate, abs=1)
    if written == rate:
        assert np.max(np.abs(recording.samples - samples)) < tolerance


def test_given_a_rate_that_mp3_has_not_when_encoded_then_the_written_rate_is_told(tmp_path):
    encoding = Encoding(format="mp3", subtype="libmp3lame")
    assert encode(tmp_path / "a.mp3", sine(400, seconds=0.1, rate=96000), 96000, encoding=encoding) == 48000
    assert encode(tmp_path / "b.mp3", sine(400, seconds=0.1, rate=30000), 30000, encoding=encoding) == 32000


def test_given_overs_when_encoded_as_pcm_then_they_clip_and_do_not_wrap(tmp_path):
    samples = np.array([[1.5, -1.5, 0.5]], np.float32)
    encode(tmp_path / "a.wav", samples, 8000, encoding=Encoding(format="wav", subtype="PCM_16"))
    data, _ = soundfile.read(tmp_path / "a.wav")
    assert data == pytest.approx([1.0, -1.0, 0.5], abs=1e-4)


def threads():
    return len(list(Path("/proc/self/task").iterdir()))


def test_given_many_sounds_when_encoded_and_decoded_then_no_thread_is_left_behind(tmp_path):
    sound = sine(440, seconds=0.2)
    lossy, pcm = Encoding(format="m4a", subtype="aac"), Encoding(format="wav", subtype="PCM_16")

    def once():
        encode(tmp_path / "one.m4a", sound, 44100, encoding=lossy)
        encode(tmp_path / "one.wav", sound, 44100, encoding=pcm)
        decode(tmp_path / "one.wav")

    once()
    before = threads()
    # Only the garbage collector frees FFmpeg's filters: as many as there are until it comes by are there at once.
    gc.disable()
    try:
        for _ in range(10):
            once()
        assert threads() <= before
    finally:
        gc.enable()
