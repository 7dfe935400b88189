"""ExtractMetadata as the state machine calls it, and what it costs in bytes."""

import struct
from collections.abc import Callable
from typing import Any

import pytest

from metadata import app
from metadata.recording import READ_BUDGET_BYTES, AudioFacts, RecordingEvent, describe_recording
from shared.errors import InvalidUpload
from tests.unit.tasks.conftest import BUCKET, EXECUTION, RECORDING_ID
from tests.unit.tasks.recordings import film, id3_tag, names, recording, repeated, tagged, wav_header

MEGABYTE = 1024 * 1024
FOUR_HOURS = 14_400

CODECS = {
    "take.m4a": ("m4a", "aac", None),
    "alac.m4a": ("m4a", "alac", 24),
    "take.mp4": ("mp4", "aac", None),
    "fragmented.mp4": ("mp4", "aac", None),
    "take.mov": ("mp4", "aac", None),
    "take.3gp": ("3gp", "aac", None),
    "take.wav": ("wav", "pcm_s16le", 16),
    "take24.wav": ("wav", "pcm_s24le", 24),
    "float.wav": ("wav", "pcm_f32le", 32),
    "rf64.wav": ("wav", "pcm_s16le", 16),
    "take.mp3": ("mp3", "mp3", None),
    "untagged.mp3": ("mp3", "mp3", None),
    "take.aac": ("aac", "aac", None),
    "take.flac": ("flac", "flac", 16),
    "take.ogg": ("ogg", "vorbis", None),
    "take.opus": ("opus", "opus", None),
    "take.webm": ("webm", "opus", None),
    "live.webm": ("webm", "opus", None),
    "take.aiff": ("aiff", "pcm_s16be", 16),
}


class Upload:
    """A recording that counts the bytes read of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.bytes_read = 0

    def read(self, offset: int, length: int) -> bytes:
        piece = self.content[offset : offset + length]
        self.bytes_read += len(piece)
        return piece


def _describe(content: bytes, audio_format: str, *, max_duration_seconds: float = FOUR_HOURS) -> AudioFacts:
    upload = Upload(content)
    event = RecordingEvent(
        recording_id=RECORDING_ID,
        execution_arn=EXECUTION,
        bucket=BUCKET,
        key="unprocessed/demo/take",
        version_id="v",
        size_bytes=len(content),
        format=audio_format,
    )
    facts = describe_recording(event, upload, max_duration_seconds=max_duration_seconds)  # type: ignore[arg-type]
    assert facts.bytes_read == upload.bytes_read
    return facts


def test_given_a_recording_when_its_metadata_is_extracted_then_the_contract_is_returned(
    upload: Callable[..., dict[str, Any]], lambda_context: Any
) -> None:
    event = upload("unprocessed/demo/naïve 100%.m4a", recording("take.m4a")) | {"format": "m4a"}
    facts = app.handler(event, lambda_context)
    assert 40_000 < facts.pop("bitRate") < 200_000
    assert facts == {
        "container": "m4a",
        "codec": "aac",
        "sampleRate": 44_100,
        "channels": 1,
        "bitDepth": None,
        "durationSeconds": 2.0,
        "tags": {"encoder": facts["tags"]["encoder"]},
        "bytesRead": len(recording("take.m4a")),
    }


@pytest.mark.parametrize("name", names())
def test_given_each_container_when_described_then_codec_rate_channels_depth_and_duration_are_right(name: str) -> None:
    container, codec, bit_depth = CODECS[name]
    facts = _describe(recording(name), container)
    assert (facts.container, facts.codec, facts.bit_depth, facts.channels) == (container, codec, bit_depth, 1)
    assert facts.sample_rate == (48_000 if codec == "opus" else 44_100)
    # A live webm has no duration; ADTS and an untagged MP3 let it be reckoned only.
    if name == "live.webm":
        assert facts.duration_seconds is None
    else:
        tolerance = 0.2 if name in {"take.aac", "untagged.mp3"} else 0.1
        assert facts.duration_seconds == pytest.approx(2.0, abs=tolerance)


def test_given_pcm_when_described_then_its_bit_rate_is_exact() -> None:
    assert _describe(recording("take.wav"), "wav").bit_rate == 44_100 * 16


def test_given_a_film_with_sound_when_described_then_its_audio_track_is() -> None:
    facts = _describe(film(with_audio=True), "mp4")
    assert (facts.codec, facts.sample_rate) == ("aac", 44_100)


def test_given_a_film_without_sound_when_described_then_it_has_no_audio_track() -> None:
    with pytest.raises(InvalidUpload, match=r"^NO_AUDIO_TRACK: recording 'take' has no audio track .*video"):
        _describe(film(with_audio=False), "mp4")


def test_given_hostile_tags_when_described_then_they_are_printable_short_and_without_the_place() -> None:
    tags = _describe(tagged(), "m4a").tags
    assert tags["title"] == "Küche\ufffd\ufffdlive"
    assert tags["artist"] == "demo"
    assert len(tags["comment"]) == 256
    assert not any("location" in name or "52.52" in value for name, value in tags.items())


# --- what it costs -----------------------------------------------------------------------------------------------


def test_given_a_wav_of_100_megabytes_when_described_then_one_hundredth_of_it_is_read() -> None:
    size = 100 * MEGABYTE
    facts = _describe(wav_header(size - 44) + bytes(size - 44), "wav")
    assert facts.duration_seconds == pytest.approx((size - 44) / 176_400, abs=0.001)
    assert facts.bytes_read <= size // 100


def test_given_90_megabytes_of_m4a_with_its_index_at_the_end_when_described_then_the_index_alone_is_read() -> None:
    content = repeated("take.m4a", "ipod", 10_000)
    assert len(content) > 80 * MEGABYTE
    assert content.index(b"moov") > len(content) * 9 // 10
    facts = _describe(content, "m4a")
    assert facts.duration_seconds == pytest.approx(10_000, abs=0.1)
    assert facts.bytes_read < 2.5 * MEGABYTE


@pytest.mark.parametrize(
    ("name", "container", "audio_format", "options", "tolerance"),
    [
        ("untagged.mp3", "mp3", "mp3", {"write_xing": "0", "id3v2_version": "0"}, 0.01),
        ("take.mp3", "mp3", "mp3", {}, 0.01),
        ("take.aac", "adts", "aac", {}, 0.1),
        ("take.webm", "webm", "webm", {}, 0.01),
        ("take.opus", "ogg", "opus", {}, 0.01),
    ],
)
def test_given_ten_minutes_when_described_then_little_is_read_and_the_duration_is_near(
    name: str, container: str, audio_format: str, options: dict[str, str], tolerance: float
) -> None:
    content = repeated(name, container, 600, options)
    facts = _describe(content, audio_format)
    assert facts.bytes_read <= 300_000 < len(content) / 10
    assert facts.duration_seconds == pytest.approx(600, rel=tolerance)


@pytest.mark.parametrize("name", ["take.flac", "alac.m4a"])
def test_given_a_recording_without_loss_when_described_then_little_is_read(name: str) -> None:
    container, codec, _ = CODECS[name]
    content = repeated(name, {"m4a": "ipod"}.get(container, container), 180)
    facts = _describe(content, container)
    assert facts.codec == codec
    assert facts.bytes_read <= 300_000 < len(content) / 10


def test_given_a_long_live_webm_when_described_then_no_duration_is_made_up_and_little_is_read() -> None:
    facts = _describe(repeated("take.webm", "webm", 600, {"live": "1"}), "webm")
    assert facts.duration_seconds is None
    assert facts.bytes_read <= 300_000


def test_given_more_fragments_than_the_budget_reaches_when_described_then_the_duration_is_unknown() -> None:
    content = repeated("take.m4a", "mp4", 1200, {"movflags": "frag_keyframe+empty_moov", "frag_duration": "1000000"})
    assert len(content) > READ_BUDGET_BYTES
    facts = _describe(content, "mp4")
    assert (facts.codec, facts.sample_rate, facts.duration_seconds) == ("aac", 44_100, None)
    assert facts.bytes_read < READ_BUDGET_BYTES + MEGABYTE


def test_given_a_cover_larger_than_the_budget_when_described_then_it_is_passed_over() -> None:
    facts = _describe(id3_tag(READ_BUDGET_BYTES + MEGABYTE) + recording("untagged.mp3"), "mp3")
    assert facts.codec == "mp3"
    assert facts.duration_seconds == pytest.approx(2.0, abs=0.2)
    assert facts.bytes_read < READ_BUDGET_BYTES + MEGABYTE


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "audio_format"),
    [
        (recording("take.m4a")[:10_000], "m4a"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0", "m4a"),
        (b"OggS", "ogg"),
        (b"ID3\x03\0\0\0\0\0\0" + bytes(60), "mp3"),
        (b"fLaC" + b"\xff" * 500, "flac"),
        (bytes(1000), "aac"),
        (b"\x1a\x45\xdf\xa3" + b"\x55" * 500, "webm"),
        (b"FORM\0\0\0\0AIFF" + b"\x11" * 500, "aiff"),
    ],
    ids=["moov cut off", "m4a", "ogg", "mp3", "flac", "aac", "webm", "aiff"],
)
def test_given_a_damaged_header_when_described_then_it_is_corrupt(content: bytes, audio_format: str) -> None:
    with pytest.raises(InvalidUpload, match=f"^CORRUPT: recording 'take' cannot be read as {audio_format} "):
        _describe(content, audio_format)


def test_given_headers_beyond_both_budgets_when_described_then_it_is_corrupt() -> None:
    endless_element = b"\xec\x01\x00\x00\x00\x00\x00\x00\x10" + bytes(16)
    content = recording("take.webm")[:40] + endless_element * (30 * MEGABYTE // 25)
    with pytest.raises(InvalidUpload, match=r"^CORRUPT: recording 'take' has no readable audio header within 16777216"):
        _describe(content, "webm")


def test_given_a_format_that_validation_never_names_when_described_then_it_is_not_audio() -> None:
    with pytest.raises(InvalidUpload, match=r"^NOT_AUDIO: format 'hls'"):
        _describe(b"#EXTM3U\nhttp://169.254.169.254/\n", "hls")


@pytest.mark.parametrize("audio_format", ["m4a", "mp3", "wav", "ogg", "webm"])
def test_given_a_playlist_that_passes_for_audio_when_described_then_no_address_is_opened(audio_format: str) -> None:
    with pytest.raises(InvalidUpload, match=r"^(CORRUPT|NO_AUDIO_TRACK): "):
        _describe(b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n", audio_format)


@pytest.mark.parametrize(("max_duration_seconds", "is_refused"), [(1.9, True), (2.1, False)])
def test_given_a_stated_duration_when_over_the_limit_then_it_is_too_long(
    max_duration_seconds: float, is_refused: bool
) -> None:
    if is_refused:
        with pytest.raises(InvalidUpload, match=r"^TOO_LONG: recording 'take' lasts 2 seconds; at most 1.9 seconds"):
            _describe(recording("take.m4a"), "m4a", max_duration_seconds=max_duration_seconds)
    else:
        _describe(recording("take.m4a"), "m4a", max_duration_seconds=max_duration_seconds)


@pytest.mark.parametrize("name", ["take.aac", "untagged.mp3"])
def test_given_a_reckoned_duration_when_over_the_limit_then_decoding_decides(name: str) -> None:
    facts = _describe(recording(name), name.rpartition(".")[2], max_duration_seconds=1)
    assert facts.duration_seconds == pytest.approx(2.0, abs=0.2)


def test_given_an_mp3_that_states_its_frames_when_over_the_limit_then_it_is_too_long() -> None:
    with pytest.raises(InvalidUpload, match=r"^TOO_LONG: "):
        _describe(recording("take.mp3"), "mp3", max_duration_seconds=1)


@pytest.mark.parametrize("stated_bytes", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_given_a_wav_whose_recorder_was_interrupted_when_described_then_the_file_limits_the_duration(
    stated_bytes: int,
) -> None:
    data = bytes(176_400 * 3)
    facts = _describe(wav_header(len(data), stated_bytes=stated_bytes) + data, "wav", max_duration_seconds=60)
    assert facts.duration_seconds == pytest.approx(3.0, abs=0.01)


def test_given_a_recording_damaged_in_the_middle_when_described_then_decoding_decides() -> None:
    content = recording("take.flac")
    damaged = content[:60_000] + b"\xaa" * 500 + content[60_500:]
    assert _describe(damaged, "flac").duration_seconds == pytest.approx(2.0, abs=0.01)
    assert _describe(content[:60_000], "flac").codec == "flac"


def test_given_a_wav_without_data_when_described_then_its_duration_is_unknown() -> None:
    assert _describe(wav_header(0), "wav").duration_seconds is None


@pytest.mark.parametrize("rate", [0, 0xFFFFFFFF])
def test_given_an_absurd_sample_rate_in_the_header_when_described_then_it_is_corrupt(rate: int) -> None:
    header = bytearray(wav_header(1000))
    header[24:28] = struct.pack("<I", rate)
    with pytest.raises(InvalidUpload, match=r"^CORRUPT: "):
        _describe(bytes(header) + bytes(1000), "wav")


def test_given_a_codec_that_nobody_knows_when_described_then_it_is_corrupt() -> None:
    header = bytearray(wav_header(1000))
    header[20:22] = b"\x77\x77"
    with pytest.raises(InvalidUpload, match=r"^CORRUPT: the audio track of 'take' is in a codec that cannot"):
        _describe(bytes(header) + bytes(1000), "wav")


@pytest.mark.parametrize(
    ("start", "size", "value", "words"),
    [
        (22, 2, 65, "claims 65 channels; 1 to 64 make sense"),
        (24, 4, 768_001, "claims 768001 Hz; 1000 to 768000 make sense"),
        (24, 4, 999, "claims 999 Hz; 1000 to 768000 make sense"),
    ],
    ids=["channels", "too fast", "too slow"],
)
def test_given_claims_that_make_no_sense_when_described_then_no_task_is_chosen_by_them(
    start: int, size: int, value: int, words: str
) -> None:
    header = bytearray(wav_header(100_000))
    header[start : start + size] = value.to_bytes(size, "little")
    with pytest.raises(InvalidUpload, match=f"^CORRUPT: .* {words}"):
        _describe(bytes(header) + bytes(100_000), "wav")


def test_given_no_channels_in_the_header_when_described_then_their_number_is_unknown() -> None:
    header = bytearray(wav_header(1000))
    header[22:24] = bytes(2)
    assert _describe(bytes(header) + bytes(1000), "wav").channels is None


def test_given_an_object_deleted_meanwhile_when_described_then_it_is_gone(
    upload: Callable[..., dict[str, Any]], s3: Any, lambda_context: Any
) -> None:
    event = upload("unprocessed/demo/take.wav", recording("take.wav")) | {"format": "wav"}
    s3.delete_object(Bucket=BUCKET, Key=event["key"], VersionId=event["versionId"])
    with pytest.raises(InvalidUpload, match=r"^OBJECT_GONE: "):
        app.handler(event, lambda_context)
