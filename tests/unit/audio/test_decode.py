import numpy as np
import pytest

from oneshots.decode import decode
from oneshots.rejection import Rejection
from tests.unit.audio.signals import RATE, noise, silence, sine, write_by_ffmpeg, write_by_soundfile

SECONDS = 2.0


@pytest.fixture(scope="module")
def sound():
    """A click at 0.5 s and a tone after it."""
    samples = np.concatenate([silence(seconds=0.5), sine(440, seconds=SECONDS - 0.5)], axis=1)
    samples[0, RATE // 2 : RATE // 2 + 20] = 0.9
    return samples


def click_seconds(recording):
    return np.flatnonzero(np.abs(recording.samples[0]) > 0.2)[0] / recording.sample_rate


def warning_codes(recording):
    return [each.code for each in recording.warnings]


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


@pytest.mark.parametrize(
    ("name", "muxer", "options"),
    [("a.aac", "adts", {}), ("a.m4a", "ipod", {"movflags": "frag_keyframe+empty_moov"})],
)
def test_given_aac_that_does_not_tell_its_priming_when_decoded_then_it_is_trimmed(
    tmp_path, sound, name, muxer, options
):
    recording = decode(write_by_ffmpeg(tmp_path / name, sound, muxer=muxer, codec="aac", options=options))
    assert click_seconds(recording) == pytest.approx(0.5, abs=0.003)


def test_given_a_live_webm_without_duration_when_decoded_then_all_of_it_comes(tmp_path, sound):
    path = write_by_ffmpeg(
        tmp_path / "live.webm", sound, muxer="webm", codec="libopus", rate=48000, options={"live": "1"}
    )
    recording = decode(path)
    assert recording.source.duration_seconds is None
    assert recording.duration_seconds == pytest.approx(SECONDS, abs=0.01)


def test_given_a_recording_longer_than_the_first_buffer_when_decoded_then_it_grows(tmp_path):
    samples = noise(seconds=70, level_dbfs=-30, rate=8000)
    path = write_by_soundfile(tmp_path / "a.wav", samples, rate=8000, subtype="FLOAT")
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert np.array_equal(decode(path).samples, samples)


def test_given_a_wav_whose_data_size_is_zero_when_decoded_then_the_sound_is_there(tmp_path, sound):
    path = write_by_soundfile(tmp_path / "a.wav", sound, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    data[40:44] = bytes(4)
    path.write_bytes(data)
    assert decode(path).duration_seconds == SECONDS


def test_given_more_than_two_channels_when_decoded_then_they_become_stereo_with_a_warning(tmp_path, sound):
    path = write_by_ffmpeg(tmp_path / "a.m4a", sound, muxer="ipod", codec="aac", layout="5.1")
    recording = decode(path)
    assert recording.samples.shape[0] == 2
    assert recording.source.channels == 6
    assert "DOWNMIXED" in warning_codes(recording)


@pytest.mark.parametrize(("rate", "decoded"), [(192000, 96000), (4000, 8000), (96000, 96000)])
def test_given_an_extreme_sample_rate_when_decoded_then_it_comes_into_range(tmp_path, rate, decoded):
    samples = sine(300, seconds=1, rate=rate)
    recording = decode(write_by_soundfile(tmp_path / "a.wav", samples, rate=rate))
    assert recording.sample_rate == decoded
    assert recording.duration_seconds == pytest.approx(1, abs=0.01)
    assert ("RESAMPLED" in warning_codes(recording)) == (rate > decoded)


def test_given_nan_and_infinity_when_decoded_then_they_are_silenced_with_a_warning(tmp_path, sound):
    broken = sound.copy()
    broken[0, 100:103] = np.nan
    broken[0, 200] = np.inf
    broken[0, 201] = -np.inf
    recording = decode(write_by_soundfile(tmp_path / "a.wav", broken, subtype="FLOAT"))
    assert np.isfinite(recording.samples).all()
    assert warning_codes(recording) == ["NON_FINITE_SAMPLES"]
    assert recording.warnings[0].message.startswith("5 samples")


def test_given_a_header_that_says_less_than_there_is_when_decoded_then_all_comes_with_a_warning(tmp_path, sound):
    whole = write_by_soundfile(tmp_path / "a.flac", sound).read_bytes()
    # STREAMINFO: the last 36 bits of these five bytes are the number of samples (RFC 9639, section 8.2).
    facts = int.from_bytes(whole[21:26]) >> 36 << 36 | RATE // 2
    (tmp_path / "b.flac").write_bytes(whole[:21] + facts.to_bytes(5) + whole[26:])
    recording = decode(tmp_path / "b.flac")
    assert recording.samples.shape[1] == sound.shape[1]
    assert warning_codes(recording) == ["HEADER_LIES"]


@pytest.mark.parametrize(
    ("name", "muxer", "codec", "options"),
    [
        ("a.m4a", "ipod", "aac", {"movflags": "faststart"}),
        ("a.mp3", "mp3", "libmp3lame", {}),
        ("a.wav", "wav", "pcm_s16le", {}),
        ("a.webm", "webm", "libopus", {}),
        ("a.flac", "flac", "flac", {}),
    ],
)
def test_given_a_file_cut_in_half_when_decoded_then_what_is_there_is_kept_and_flagged(
    tmp_path, name, muxer, codec, options
):
    samples = noise(seconds=4, level_dbfs=-20)
    path = write_by_ffmpeg(tmp_path / name, samples, muxer=muxer, codec=codec, rate=48000, options=options)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    recording = decode(path)
    assert 1.2 < recording.duration_seconds < 2.8
    assert "TRUNCATED" in warning_codes(recording)


def test_given_damage_in_the_middle_when_decoded_then_both_sides_are_kept(tmp_path):
    samples = noise(seconds=4, level_dbfs=-20)
    path = write_by_ffmpeg(tmp_path / "a.m4a", samples, muxer="ipod", codec="aac")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = np.random.default_rng(3).bytes(2000)
    path.write_bytes(data)
    recording = decode(path)
    assert recording.duration_seconds > 3.5
    assert "DAMAGED" in warning_codes(recording)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "NOT_AUDIO", "empty"),
        (b"just some text\n" * 400, "NOT_AUDIO", "not audio"),
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
)
def test_given_contents_that_are_no_recording_when_decoded_then_the_rejection_says_why(tmp_path, content, code, words):
    path = tmp_path / "recording.m4a"
    path.write_bytes(content)
    with pytest.raises(Rejection, match=words) as rejection:
        decode(path)
    assert rejection.value.code == code


def test_given_a_video_alone_when_decoded_then_it_has_no_audio_track(tmp_path):
    path = write_by_ffmpeg(tmp_path / "a.mp4", None, muxer="mp4", video=True)
    with pytest.raises(Rejection) as rejection:
        decode(path)
    assert rejection.value.code == "NO_AUDIO_TRACK"


def test_given_a_video_with_sound_when_decoded_then_the_sound_comes(tmp_path, sound):
    path = write_by_ffmpeg(tmp_path / "a.mp4", sound, muxer="mp4", codec="aac", video=True)
    assert decode(path).duration_seconds == pytest.approx(SECONDS, abs=0.03)


def test_given_more_sound_than_the_cap_when_decoded_then_it_is_too_long(tmp_path, sound):
    path = write_by_soundfile(tmp_path / "a.wav", sound)
    with pytest.raises(Rejection, match=r"longer than 1\.5 seconds") as rejection:
        decode(path, max_seconds=1.5)
    assert rejection.value.code == "TOO_LONG"


def test_given_a_name_like_a_protocol_when_decoded_then_it_is_a_file(tmp_path, sound, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write_by_soundfile(tmp_path / "a.wav", sound).rename(tmp_path / "concat:a|b %d 日本.wav")
    assert decode(path.relative_to(tmp_path)).duration_seconds == SECONDS


def test_given_a_flac_whose_header_is_damaged_when_decoded_then_it_is_corrupt(tmp_path, sound):
    file = write_by_soundfile(tmp_path / "a.flac", sound)
    content = bytearray(file.read_bytes())
    content[8:42] = bytes(34)  # STREAMINFO, without which no decoder opens
    file.write_bytes(content)

    with pytest.raises(Rejection, match="CORRUPT"):
        decode(file)
