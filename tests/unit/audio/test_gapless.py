"""An onset is in the written file where it was: within 1 ms, by our decoder and by any that honours the edit list."""

import av
import numpy as np
import pytest
import soundfile

from oneshots.decode import Source, decode
from oneshots.encode import Encoding, choose_encoding, encode
from tests.unit.audio.signals import noise

ENCODINGS = {
    "wav-16": Encoding(format="wav", subtype="PCM_16"),
    "wav-24": Encoding(format="wav", subtype="PCM_24"),
    "wav-float": Encoding(format="wav", subtype="FLOAT"),
    "flac-16": Encoding(format="flac", subtype="PCM_16"),
    "flac-24": Encoding(format="flac", subtype="PCM_24"),
    "m4a-alac": Encoding(format="m4a", subtype="alac"),
    "m4a-aac": Encoding(format="m4a", subtype="aac"),
    "mp3": Encoding(format="mp3", subtype="libmp3lame"),
}
ONSET_SECONDS = 0.05


def one_shot(*, rate, channels, seconds=0.3):
    """A hit of band-limited noise at `ONSET_SECONDS`; the right channel is softer."""
    time = np.arange(round(seconds * rate)) / rate - ONSET_SECONDS
    hit = np.convolve(noise(seconds=seconds, level_dbfs=-14, rate=rate)[0], np.hanning(9) / 4, mode="same")
    mono = np.where(time >= 0, hit * np.exp(-np.maximum(time, 0) / 0.05), 0).astype(np.float32)
    return np.stack([mono * 0.5**channel for channel in range(channels)])


def by_plain_pyav(path):
    """Decode as a player does: what the container says is to be skipped is skipped by FFmpeg itself."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", layout=stream.layout.name, rate=stream.rate)
        frames = [each for frame in container.decode(stream) for each in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


def by_our_decoder(path):
    return decode(path).samples


def shift_seconds(decoded, expected, rate):
    """Where the cross-correlation of the first channels peaks."""
    length = max(len(decoded), len(expected))
    size = 2 * length
    correlation = np.fft.irfft(np.fft.rfft(decoded, size) * np.conj(np.fft.rfft(expected, size)), size)
    lag = int(np.argmax(correlation))
    return (lag - size if lag > length else lag) / rate


@pytest.mark.parametrize("decoder", [by_our_decoder, by_plain_pyav])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 48000, 96000])
@pytest.mark.parametrize("name", ENCODINGS)
def test_given_a_one_shot_when_written_and_decoded_then_its_onset_is_where_it_was(
    tmp_path, name, rate, channels, decoder
):
    samples = one_shot(rate=rate, channels=channels)
    path = tmp_path / f"a.{ENCODINGS[name].format}"
    written_rate = encode(path, samples, rate, encoding=ENCODINGS[name])
    decoded = decoder(path)
    # mp3 knows no rate over 48 kHz; taking every second sample is good enough for the place of an onset.
    expected = samples[:, :: rate // written_rate]
    assert decoded.shape[0] == channels
    assert decoded.shape[1] == pytest.approx(expected.shape[1], abs=2)
    assert abs(shift_seconds(decoded[0], expected[0], written_rate)) < 0.001
    assert abs(shift_seconds(decoded[-1], expected[-1], written_rate)) < 0.001


@pytest.mark.parametrize("rate", [8000, 44100, 48000, 96000])
@pytest.mark.parametrize(
    ("source", "tolerance"),
    [
        (Source(container="wav", codec="pcm_s16le", bit_depth=16), 2**-15),
        (Source(container="wav", codec="pcm_s24le", bit_depth=24), 2**-23),
        (Source(container="wav", codec="pcm_f32le", bit_depth=32, is_float=True), 0),
        (Source(container="flac", codec="flac", bit_depth=16), 2**-15),
        (Source(container="flac", codec="flac", bit_depth=24), 2**-23),
        (Source(container="m4a", codec="alac", bit_depth=16), 2**-15),
        (Source(container="m4a", codec="alac", bit_depth=24), 2**-23),
    ],
    ids=["wav-16", "wav-24", "wav-float", "flac-16", "flac-24", "alac-16", "alac-24"],
)
def test_given_a_lossless_source_when_its_one_shot_is_written_then_rate_depth_and_channels_are_kept(
    tmp_path, source, tolerance, rate
):
    samples = one_shot(rate=rate, channels=2)
    encoding = choose_encoding("original", source)
    path = tmp_path / f"a.{encoding.format}"
    assert encode(path, samples, rate, encoding=encoding) == rate
    read = decode(path)
    assert read.sample_rate == rate
    assert (read.source.container, read.source.codec) == (source.container, source.codec)
    assert (read.source.bit_depth, read.source.is_float) == (source.bit_depth, source.is_float)
    assert np.max(np.abs(read.samples - samples)) <= tolerance


def test_given_a_24_bit_flac_when_written_then_libsndfile_reads_the_same(tmp_path):
    samples = one_shot(rate=44100, channels=2)
    encode(tmp_path / "a.flac", samples, 44100, encoding=ENCODINGS["flac-24"])
    assert soundfile.info(tmp_path / "a.flac").subtype == "PCM_24"
