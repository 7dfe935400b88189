"""What decoders get wrong about real files, row by row: what the file is, and what has to come of it.

| the file | what has to come of it |
|---|---|
| m4a, its index (moov) at the end or at the start | the exact length, the exact timing |
| fragmented mp4, raw ADTS | the encoder's priming is trimmed |
| moov missing, 0 bytes, a text file, a playlist, a picture | the user's fault, said clearly |
| cut short or damaged in the middle | what decodes is kept, and flagged |
| a header that promises more, or nothing, or a lie | what is there counts; what is missing is flagged |
| a chunk or box larger than any file, millions of empty ones | not followed |
| live webm without a duration, WAV with a data size of 0 | all of it |
| a video, cover art, two tracks | the first audio track; a video alone is rejected |
| 5.1, 192 kHz, 4 kHz | downmixed, brought into range |
| NaN, infinities, absurd values | silenced, and flagged |
| small files that decode to hours | the cap ends them while they stream, in little memory |
"""

import errno
import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from av.stream import Disposition

import oneshots
from fuzz.specials import specials
from oneshots.decode import decode
from oneshots.file_promises import is_cut_short, is_fragmented
from oneshots.rejection import Rejection
from tests.unit.audio.signals import (
    RATE,
    click_and_tone,
    click_seconds,
    noise,
    silence,
    sine,
    warning_codes,
    write_by_ffmpeg,
    write_by_soundfile,
)

ROOT = Path(__file__).parents[3]
CONTAINER = Path(oneshots.__file__).parents[1]
SECONDS = 2.0


@pytest.fixture(scope="module")
def sound():
    return click_and_tone(seconds=SECONDS)


def rewrite(path, start, content):
    data = bytearray(path.read_bytes())
    data[start : start + len(content)] = content
    path.write_bytes(data)
    return path


def damage_the_middle(path, count=2000):
    return rewrite(path, path.stat().st_size // 2, np.random.default_rng(3).bytes(count))


def cut_in_half(path):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


# ---------------------------------------------------------------- m4a, mp4, ADTS: index and priming


@pytest.mark.parametrize("options", [{}, {"movflags": "faststart"}], ids=["moov at the end", "moov at the start"])
def test_given_an_m4a_with_its_index_anywhere_when_decoded_then_its_length_is_exact(tmp_path, sound, options):
    path = write_by_ffmpeg(tmp_path / "a.m4a", sound, muxer="ipod", codec="aac", options=options)
    recording = decode(path)
    data = path.read_bytes()
    assert (data.index(b"moov") < data.index(b"mdat")) == bool(options)
    assert recording.samples.shape == sound.shape
    assert click_seconds(recording) == pytest.approx(0.5, abs=0.001)
    assert recording.warnings == []


@pytest.mark.parametrize(
    ("name", "muxer", "rate", "options"),
    [
        ("a.aac", "adts", 44100, {}),
        ("a.aac", "adts", 16000, {}),
        ("a.m4a", "ipod", 44100, {"movflags": "frag_keyframe+empty_moov"}),
        ("a.mp4", "mp4", 48000, {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
        ("a.mp4", "mp4", 48000, {"movflags": "frag_keyframe+delay_moov"}),
    ],
)
def test_given_aac_that_does_not_tell_its_priming_when_decoded_then_it_is_trimmed(
    tmp_path, sound, name, muxer, rate, options
):
    path = write_by_ffmpeg(tmp_path / name, sound, muxer=muxer, codec="aac", rate=rate, options=options)
    recording = decode(path)
    assert click_seconds(recording) == pytest.approx(0.5, abs=0.001)
    # The encoder fills its last frames; nothing in these files says by how much.
    assert 0 <= recording.samples.shape[1] - SECONDS * rate < 2 * 1024
    assert recording.warnings == []


# ---------------------------------------------------------------- no recording at all


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "NOT_AUDIO", "empty"),
        (b"just some text\n" * 400, "NOT_AUDIO", "not audio"),
        (b"\0" * 5000, "NOT_AUDIO", "not audio"),
        (b"#EXTM3U\n#EXTINF:1,\n/etc/hostname\n", "NOT_AUDIO", "not audio"),
        (b"ffconcat version 1.0\nfile '/etc/hostname'\n", "NOT_AUDIO", "not audio"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "NOT_AUDIO", "not audio"),
        (
            b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x44\xac\0\0\x88\x58\1\0\2\0\x10\0data\0\0\0\0",
            "CORRUPT",
            "nothing",
        ),
        (b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom\0\0\0\0\0\0\1\0mdat" + bytes(300), "CORRUPT", "moov"),
    ],
    ids=["0 bytes", "text", "zeros", "HLS playlist", "concat playlist", "picture", "WAV without sound", "no moov"],
)
def test_given_contents_that_are_no_recording_when_decoded_then_the_rejection_says_why(tmp_path, content, code, words):
    path = tmp_path / "recording.m4a"
    path.write_bytes(content)
    with pytest.raises(Rejection, match=words) as rejection:
        decode(path)
    assert rejection.value.code == code


def test_given_an_m4a_cut_before_its_index_when_decoded_then_the_rejection_names_the_index(tmp_path, sound):
    path = cut_in_half(write_by_ffmpeg(tmp_path / "a.m4a", sound, muxer="ipod", codec="aac"))
    with pytest.raises(Rejection, match=r"damaged or unfinished: its index \(moov\)") as rejection:
        decode(path)
    assert rejection.value.code == "CORRUPT"


def test_given_a_flac_whose_header_is_damaged_when_decoded_then_it_is_corrupt(tmp_path, sound):
    path = write_by_soundfile(tmp_path / "a.flac", sound)
    rewrite(path, 8, bytes(34))  # STREAMINFO, without which no decoder opens
    with pytest.raises(Rejection, match="CORRUPT"):
        decode(path)


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [(22, (500).to_bytes(2, "little"), "500 channels"), (24, (5).to_bytes(4, "little"), "5 Hz")],
    ids=["500 channels", "5 Hz"],
)
def test_given_a_header_that_makes_no_sense_when_decoded_then_the_rejection_says_so(tmp_path, sound, at, value, words):
    path = rewrite(write_by_soundfile(tmp_path / "a.wav", sound, subtype="PCM_16"), at, value)
    with pytest.raises(Rejection, match=words) as rejection:
        decode(path)
    assert rejection.value.code == "CORRUPT"


# ---------------------------------------------------------------- cut short, damaged, lying headers


@pytest.mark.parametrize(
    ("name", "muxer", "codec", "options"),
    [
        ("a.m4a", "ipod", "aac", {"movflags": "faststart"}),
        ("a.m4a", "ipod", "alac", {"movflags": "faststart"}),
        ("a.mp3", "mp3", "libmp3lame", {}),
        ("a.wav", "wav", "pcm_s16le", {}),
        ("a.aiff", "aiff", "pcm_s16be", {}),
        ("a.caf", "caf", "pcm_s16le", {}),
        ("a.opus", "opus", "libopus", {}),
        ("a.webm", "webm", "libopus", {}),
        ("a.flac", "flac", "flac", {}),
    ],
    ids=lambda value: value if isinstance(value, str) and "." not in value else "",
)
def test_given_a_file_cut_in_half_when_decoded_then_what_is_there_is_kept_and_flagged(
    tmp_path, name, muxer, codec, options
):
    samples = noise(seconds=4, level_dbfs=-20)
    path = write_by_ffmpeg(tmp_path / name, samples, muxer=muxer, codec=codec, rate=48000, options=options)
    recording = decode(cut_in_half(path))
    assert 1.4 < recording.duration_seconds < 2.3
    assert "TRUNCATED" in warning_codes(recording)


@pytest.mark.parametrize("size", [2**31, 2**62, 2**63 - 1, 2**64 - 1])
def test_given_an_m4a_with_a_box_larger_than_any_file_when_decoded_then_the_box_is_not_followed(tmp_path, sound, size):
    path = write_by_ffmpeg(
        tmp_path / "a.m4a", sound, muxer="ipod", codec="aac", options={"use_editlist": "0", "movflags": "faststart"}
    )
    whole = decode(path)
    with path.open("ab") as file:
        file.write((1).to_bytes(4) + b"free" + size.to_bytes(8))
    recording = decode(path)
    assert (recording.samples.shape, recording.warnings) == (whole.samples.shape, whole.warnings)


@pytest.mark.parametrize("size", [2**31, 2**62, 2**63 - 1, -5])
def test_given_a_caf_with_a_chunk_larger_than_any_file_when_read_then_the_chunk_is_not_followed(tmp_path, size):
    path = tmp_path / "a.caf"
    path.write_bytes(b"caff\0\1\0\0" + b"free" + size.to_bytes(8, signed=True) + b"data" + (100).to_bytes(8))
    assert not is_cut_short(path, "caf")


@pytest.mark.parametrize(("count", "is_read"), [(900, True), (1100, False)])
@pytest.mark.parametrize(
    ("container", "start", "chunk", "data"),
    [
        ("wav", b"RIFF\0\0\0\0WAVE", b"JUNK" + bytes(4), b"data\x64\0\0\0"),
        ("caf", b"caff\0\1\0\0", b"free" + bytes(8), b"data" + (100).to_bytes(8)),
    ],
    ids=["wav", "caf"],
)
def test_given_a_file_of_empty_chunks_when_read_then_it_gives_up_after_a_thousand(
    tmp_path, container, start, chunk, data, count, is_read
):
    path = tmp_path / "a"
    path.write_bytes(start + chunk * count + data)
    assert is_cut_short(path, container) == is_read


@pytest.mark.parametrize(("count", "is_read"), [(900, True), (1100, False)])
def test_given_an_mp4_of_empty_boxes_when_read_then_it_gives_up_after_a_thousand(tmp_path, count, is_read):
    path = tmp_path / "a"
    path.write_bytes(((8).to_bytes(4) + b"free") * count + (8).to_bytes(4) + b"moof")
    assert is_fragmented(path) == is_read


def test_given_an_ogg_vorbis_cut_in_half_when_decoded_then_what_is_there_is_kept_and_flagged(tmp_path):
    path = write_by_soundfile(tmp_path / "a.ogg", noise(seconds=4, level_dbfs=-20), subtype="VORBIS")
    whole = decode(path)
    assert (whole.source.container, whole.warnings) == ("ogg", [])
    recording = decode(cut_in_half(path))
    assert 1.4 < recording.duration_seconds < 2.3
    assert "TRUNCATED" in warning_codes(recording)


@pytest.mark.parametrize(
    ("muxer", "options"),
    [("adts", {}), ("mp4", {"movflags": "frag_keyframe+empty_moov", "frag_duration": "500000"})],
    ids=["ADTS", "fragments"],
)
def test_given_a_file_without_any_length_cut_in_half_when_decoded_then_its_broken_end_is_flagged(
    tmp_path, muxer, options
):
    samples = noise(seconds=4, level_dbfs=-20)
    path = write_by_ffmpeg(tmp_path / "a", samples, muxer=muxer, codec="aac", options=options)
    recording = decode(cut_in_half(path))
    assert 1.4 < recording.duration_seconds < 2.3
    assert "DAMAGED" in warning_codes(recording)


@pytest.mark.parametrize(
    ("name", "muxer", "codec", "options"),
    [
        ("a.m4a", "ipod", "aac", {}),
        ("a.mp3", "mp3", "libmp3lame", {}),
        ("a.flac", "flac", "flac", {}),
        ("a.aac", "adts", "aac", {}),
    ],
    ids=lambda value: value if isinstance(value, str) and "." not in value else "",
)
def test_given_damage_in_the_middle_when_decoded_then_both_sides_are_kept_and_it_is_flagged(
    tmp_path, name, muxer, codec, options
):
    samples = np.concatenate([sine(440, seconds=2), sine(1000, seconds=2)], axis=1)
    samples += noise(seconds=4, level_dbfs=-30)
    path = write_by_ffmpeg(tmp_path / name, samples, muxer=muxer, codec=codec, options=options)
    recording = decode(damage_the_middle(path))
    assert recording.duration_seconds > 3.5
    assert dominant_hz(recording, at=0.5) == pytest.approx(440, abs=3)
    assert dominant_hz(recording, at=recording.duration_seconds - 0.5) == pytest.approx(1000, abs=3)
    assert {"DAMAGED", "TRUNCATED"} & set(warning_codes(recording))


def dominant_hz(recording, *, at):
    start, rate = round(at * recording.sample_rate), recording.sample_rate
    piece = recording.samples[0, start : start + rate // 4]
    return np.abs(np.fft.rfft(piece * np.hanning(len(piece)))).argmax() * rate / len(piece)


def test_given_ogg_damaged_in_the_middle_when_decoded_then_the_missing_page_is_flagged(tmp_path):
    path = write_by_ffmpeg(
        tmp_path / "a.opus", noise(seconds=4, level_dbfs=-20), muxer="opus", codec="libopus", rate=48000
    )
    recording = decode(damage_the_middle(path))
    assert recording.duration_seconds >= 3.0  # a page is a second
    assert "TRUNCATED" in warning_codes(recording)


def test_given_a_header_that_promises_hours_when_decoded_then_what_is_there_is_kept_and_flagged(tmp_path, sound):
    path = write_by_soundfile(tmp_path / "a.flac", sound)
    # STREAMINFO's total of samples, 36 bits that end at byte 26: 2^36 - 1 of them are 432 hours.
    rewrite(path, 21, bytes([path.read_bytes()[21] | 0x0F]) + b"\xff" * 4)
    recording = decode(path)
    assert recording.source.duration_seconds > 400 * 3600
    assert recording.samples.shape == sound.shape
    assert "TRUNCATED" in warning_codes(recording)


def test_given_a_live_webm_without_duration_when_decoded_then_all_of_it_comes(tmp_path, sound):
    path = write_by_ffmpeg(
        tmp_path / "live.webm", sound, muxer="webm", codec="libopus", rate=48000, options={"live": "1"}
    )
    recording = decode(path)
    assert recording.source.duration_seconds is None
    assert recording.duration_seconds == pytest.approx(SECONDS, abs=0.01)
    assert recording.warnings == []


@pytest.mark.parametrize(
    ("muxer", "codec", "options"),
    [("adts", "aac", {}), ("mp3", "libmp3lame", {"write_xing": "0"})],
    ids=["ADTS", "MP3 without a Xing tag"],
)
def test_given_a_length_that_is_only_guessed_when_decoded_then_nothing_is_said_to_be_missing(
    tmp_path, muxer, codec, options
):
    # A second of silence takes few bytes: from its bit rate the rest looks far longer than it is.
    samples = np.concatenate([silence(seconds=2), noise(seconds=2, level_dbfs=-20)], axis=1)
    path = write_by_ffmpeg(tmp_path / "a", samples, muxer=muxer, codec=codec, options=options)
    recording = decode(path)
    assert recording.source.duration_seconds is None
    assert recording.duration_seconds == pytest.approx(4, abs=0.1)
    assert recording.warnings == []


@pytest.mark.parametrize("size", [b"\0\0\0\0", b"\xff\xff\xff\xff"], ids=["0", "2^32-1"])
def test_given_a_wav_whose_data_size_is_that_of_a_stream_when_decoded_then_all_of_it_comes(tmp_path, size):
    # Longer than what is set aside for a file that tells no length.
    samples = noise(seconds=70, level_dbfs=-30, rate=8000)
    path = write_by_soundfile(tmp_path / "a.wav", samples, rate=8000, subtype="FLOAT")
    recording = decode(rewrite(path, path.read_bytes().index(b"data") + 4, size))
    assert np.array_equal(recording.samples, samples)
    assert recording.warnings == []


def test_given_a_webm_that_breaks_off_in_its_header_when_decoded_then_it_is_corrupt_and_no_fault_of_the_disk(
    tmp_path, sound
):
    path = write_by_ffmpeg(tmp_path / "a.webm", sound, muxer="webm", codec="libopus", rate=48000)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(Rejection) as rejection:
        decode(path)
    assert rejection.value.code == "CORRUPT"


def test_given_a_disk_that_cannot_be_read_when_decoded_then_it_is_no_rejection(tmp_path, sound, monkeypatch):
    path = write_by_ffmpeg(tmp_path / "a.webm", sound, muxer="webm", codec="libopus", rate=48000)
    path.write_bytes(path.read_bytes()[:300])

    def fail(path):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr("oneshots.decode._read_through", fail)
    with pytest.raises(OSError, match="broken"):
        decode(path)


@pytest.mark.parametrize("kind", ["aac of a million headers without a frame", "amr of 10 hours of no data"])
def test_given_no_end_of_damaged_packets_when_decoded_then_it_gives_up(tmp_path, monkeypatch, kind):
    monkeypatch.setattr("oneshots.decode._MOST_DAMAGED_PACKETS", 100)
    path = tmp_path / "a"
    (special,) = [each for each in specials() if each.name == kind]
    path.write_bytes(special.make())
    tried = []
    monkeypatch.setattr("oneshots.decode.logger.debug", lambda *_: tried.append(1))
    with pytest.raises(Rejection):
        decode(path)
    assert len(tried) == 101


# ---------------------------------------------------------------- several streams


def test_given_a_video_alone_when_decoded_then_it_has_no_audio_track(tmp_path):
    path = write_by_ffmpeg(tmp_path / "a.mp4", None, muxer="mp4", video=True)
    with pytest.raises(Rejection) as rejection:
        decode(path)
    assert rejection.value.code == "NO_AUDIO_TRACK"


def test_given_a_video_with_sound_when_decoded_then_the_sound_comes(tmp_path, sound):
    recording = decode(write_by_ffmpeg(tmp_path / "a.mp4", sound, muxer="mp4", codec="aac", video=True))
    assert recording.samples.shape == sound.shape
    assert click_seconds(recording) == pytest.approx(0.5, abs=0.001)


def test_given_an_mp4_with_cover_art_before_its_sound_when_decoded_then_the_sound_comes(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w", format="mp4") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width = cover.height = 32
        cover.pix_fmt = "yuvj420p"
        cover.disposition = Disposition.attached_pic
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        container.mux(cover.encode(picture))
        container.mux(cover.encode(None))
        mux_tone(container, stream, 440)
    recording = decode(path)
    assert dominant_hz(recording, at=0.5) == pytest.approx(440, abs=3)
    assert recording.warnings == []


def test_given_an_mp3_with_a_picture_in_its_tags_when_decoded_then_the_sound_comes(tmp_path, sound):
    path = write_by_ffmpeg(tmp_path / "a.mp3", sound, muxer="mp3", codec="libmp3lame", options={"id3v2_version": "0"})
    path.write_bytes(id3_with_picture(b"\xff\xd8\xff\xe0" + bytes(3000)) + path.read_bytes())
    recording = decode(path)
    assert recording.samples.shape == sound.shape
    assert click_seconds(recording) == pytest.approx(0.5, abs=0.001)


def id3_with_picture(picture):
    """An ID3v2.3 tag with one APIC frame."""
    body = b"\0image/jpeg\0\3\0" + picture
    frame = b"APIC" + len(body).to_bytes(4, "big") + b"\0\0" + body
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + frame


def test_given_two_audio_tracks_when_decoded_then_it_is_the_first(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w", format="mp4") as container:
        streams = [container.add_stream("aac", rate=RATE, layout="mono") for _ in range(2)]
        for stream, hertz in zip(streams, (440, 1000), strict=True):
            mux_tone(container, stream, hertz)
    assert dominant_hz(decode(path), at=0.5) == pytest.approx(440, abs=3)


def mux_tone(container, stream, hertz):
    """A second of a tone into an AAC stream."""
    samples = sine(hertz, seconds=1)
    for start in range(0, samples.shape[1], 1024):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[:, start : start + 1024]), format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


# ---------------------------------------------------------------- channels, rates, numbers


@pytest.mark.parametrize(
    ("muxer", "codec"), [("ipod", "aac"), ("wav", "pcm_s16le"), ("flac", "flac"), ("opus", "libopus")]
)
def test_given_5_1_when_decoded_then_it_becomes_stereo_with_a_warning(tmp_path, sound, muxer, codec):
    rate = 48000 if codec == "libopus" else RATE
    path = write_by_ffmpeg(tmp_path / "a", sound, muxer=muxer, codec=codec, layout="5.1", rate=rate)
    recording = decode(path)
    assert recording.samples.shape[0] == 2
    assert recording.source.channels == 6
    assert warning_codes(recording) == ["DOWNMIXED"]
    assert recording.duration_seconds == pytest.approx(SECONDS, abs=0.002)
    assert dominant_hz(recording, at=1.0) == pytest.approx(440, abs=3)


@pytest.mark.parametrize("channels", [3, 4, 6, 8, 16])
def test_given_many_full_scale_channels_when_decoded_then_their_mix_stays_within_full_scale(tmp_path, channels):
    tone = sine(440, seconds=0.5, level_dbfs=0, channels=channels)
    recording = decode(write_by_soundfile(tmp_path / "a.wav", tone, subtype="FLOAT"))
    assert recording.samples.shape == (2, tone.shape[1])
    assert np.abs(recording.samples).max(axis=1) == pytest.approx([1, 1], abs=0.001)


@pytest.mark.parametrize(("rate", "decoded"), [(192000, 96000), (4000, 8000), (96000, 96000)])
def test_given_an_extreme_sample_rate_when_decoded_then_it_comes_into_range(tmp_path, rate, decoded):
    samples = sine(300, seconds=1, rate=rate)
    recording = decode(write_by_soundfile(tmp_path / "a.wav", samples, rate=rate))
    assert recording.sample_rate == decoded
    assert recording.duration_seconds == pytest.approx(1, abs=0.01)
    assert dominant_hz(recording, at=0.3) == pytest.approx(300, abs=4)
    assert ("RESAMPLED" in warning_codes(recording)) == (rate > decoded)


@pytest.mark.parametrize("channels", [1, 2])
def test_given_what_is_no_number_when_decoded_then_it_is_silenced_with_a_warning(tmp_path, sound, channels):
    broken = np.repeat(sound, channels, axis=0)
    broken[0, 100:103] = np.nan
    broken[0, 200:203] = np.inf, -np.inf, 1e30
    recording = decode(write_by_soundfile(tmp_path / "a.wav", broken, subtype="FLOAT"))
    bad = [100, 101, 102, 200, 201, 202]
    assert np.all(recording.samples[0, bad] == 0)
    good = np.delete(np.arange(sound.shape[1]), bad)
    assert np.array_equal(recording.samples[:, good], np.repeat(sound, channels, axis=0)[:, good])
    assert warning_codes(recording) == ["NON_FINITE_SAMPLES"]
    assert recording.warnings[0].message.startswith("6 samples")


# ---------------------------------------------------------------- bombs


def write_opus_bomb(path):
    """Ten hours of Opus: 300,000 packets of 2 bytes, two empty frames of 60 ms each (RFC 6716, 3.2.5)."""
    packet_samples = 5760
    with av.open(str(path), "w", format="opus") as container:
        stream = container.add_stream("libopus", rate=48000, layout="mono")
        stream.codec_context.open(strict=False)
        for index in range(300_000):
            packet = av.Packet(bytes([3 << 3 | 3, 2]))
            packet.stream, packet.time_base = stream, Fraction(1, 48000)
            packet.pts = packet.dts = index * packet_samples
            packet.duration = packet_samples
            container.mux(packet)


def write_flac_bomb(path):
    """Five hours of silence, whose header says that it is one second."""
    block = np.zeros(1_000_000, np.int16)
    with soundfile.SoundFile(path, "w", samplerate=8000, channels=1, subtype="PCM_16") as file:
        for _ in range(5 * 3600 * 8000 // len(block)):
            file.write(block)
    rewrite(path, 21, bytes([path.read_bytes()[21] & 0xF0]) + (8000).to_bytes(4, "big"))


def measured_process(path, output, *arguments):
    """Run the command; return its exit code, its peak memory in MB, and its manifest.

    The bench's stopwatch, a small process, starts it: what starts a process counts towards that one's peak.
    """
    command = [sys.executable, "-m", "oneshots", str(path), "--output", str(output), *arguments]
    paths = os.pathsep.join((str(CONTAINER), str(ROOT)))
    done = subprocess.run(
        [sys.executable, "-m", "bench.stopwatch", *command],
        cwd=CONTAINER, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    measured = json.loads(done.stdout)
    return measured["exitCode"], measured["peakMb"], json.loads((output / "manifest.json").read_text())


@pytest.mark.parametrize(
    ("name", "write"), [("bomb.opus", write_opus_bomb), ("bomb.flac", write_flac_bomb)], ids=["opus", "flac"]
)
def test_given_a_small_file_that_decodes_to_hours_when_run_then_the_cap_ends_it_in_little_memory(tmp_path, name, write):
    path = tmp_path / name
    write(path)
    assert path.stat().st_size < 5e6
    exit_code, peak_mb, manifest = measured_process(path, tmp_path / "out", "--max-seconds", "120")
    assert (exit_code, manifest["reason"]["code"]) == (3, "TOO_LONG")
    assert "longer than 120 seconds" in manifest["reason"]["message"]
    # Python with its libraries takes 120 MB, two minutes 23; the hours would be gigabytes.
    assert peak_mb < 250


@pytest.mark.parametrize(("size", "is_taken"), [(90_000, False), (450_000, True)])
def test_given_fewer_bytes_than_any_recording_takes_when_decoded_then_ten_minutes_is_the_cap(tmp_path, size, is_taken):
    # 15 minutes at 8 kHz: 24 bytes a second, and with that much behind it 124 or 524.
    path = tmp_path / "silent.flac"
    with soundfile.SoundFile(path, "w", samplerate=8000, channels=1, subtype="PCM_16") as file:
        for _ in range(15):
            file.write(np.zeros(60 * 8000, np.int16))
    path.write_bytes(path.read_bytes() + bytes(size))
    if is_taken:
        assert decode(path).duration_seconds == pytest.approx(900)
        return
    with pytest.raises(Rejection, match="less than 150 bytes a second") as rejection:
        decode(path)
    assert rejection.value.code == "TOO_LONG"


def test_given_a_long_call_that_is_silent_most_of_the_time_when_decoded_then_all_of_it_is_taken(tmp_path):
    path, rate, minutes = tmp_path / "call.opus", 16000, 11
    rng = np.random.default_rng(1)
    with av.open(str(path), "w", format="ogg") as container:
        options = {"application": "voip", "dtx": "1", "b": "16000"}
        stream = container.add_stream("libopus", rate=rate, layout="mono", options=options)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate, frame_size=320)
        for _ in range(6 * minutes):
            # Ten seconds of a quiet room, in which somebody speaks for one.
            samples = rng.normal(0, 1e-4, (1, 10 * rate)).astype(np.float32)
            samples[:, :rate] += rng.normal(0, 0.1, rate).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="mono")
            frame.sample_rate = rate
            for piece in resampler.resample(frame):
                container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    assert path.stat().st_size < 500 * 60 * minutes
    assert decode(path).duration_seconds == pytest.approx(60 * minutes, abs=1)


def test_given_a_header_that_promises_hours_when_run_then_no_memory_is_set_aside_for_them(tmp_path, sound):
    path = write_by_soundfile(tmp_path / "a.flac", sound)
    rewrite(path, 21, bytes([path.read_bytes()[21] | 0x0F]) + b"\xff" * 4)
    exit_code, peak_mb, manifest = measured_process(path, tmp_path / "out")
    assert exit_code == 0
    assert manifest["durationSeconds"] == SECONDS
    assert peak_mb < 400


def test_given_exactly_the_cap_when_decoded_then_it_passes_and_one_sample_more_does_not(tmp_path, sound):
    path = write_by_soundfile(tmp_path / "a.wav", sound)
    assert decode(path, max_seconds=SECONDS).duration_seconds == SECONDS
    with pytest.raises(Rejection, match="longer than 1") as rejection:
        decode(path, max_seconds=SECONDS - 1 / RATE)
    assert rejection.value.code == "TOO_LONG"
