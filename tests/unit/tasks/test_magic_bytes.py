"""Telling content from a lying extension."""

import pytest

from shared.errors import InvalidUpload
from tests.unit.tasks.recordings import id3_tag, names, recording
from validate.magic_bytes import FIRST_BLOCK_BYTES, identify_format


def _identify(content: bytes, name: str) -> str:
    return identify_format(
        lambda offset, length: content[offset : offset + length],
        size_bytes=len(content),
        first_block=content[:FIRST_BLOCK_BYTES],
        name=name,
        extension=name.rpartition(".")[2],
    )


@pytest.mark.parametrize("name", names())
def test_given_a_recording_in_each_container_when_identified_then_its_format_is_known(name: str) -> None:
    extension = name.rpartition(".")[2]
    assert _identify(recording(name), name) == {"mov": "mp4"}.get(extension, extension)


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        ("take.wav", "take.m4a", "wav"),
        ("take.mp3", "take.wav", "mp3"),
        ("take.flac", "take.mp3", "flac"),
        ("take.webm", "take.ogg", "webm"),
        ("take.opus", "take.ogg", "opus"),
        ("take.aac", "take.m4a", "aac"),
        ("take.mp4", "take.m4a", "m4a"),
        ("take.mp4", "take.3gp", "3gp"),
        ("take.m4a", "take.mp4", "m4a"),
        ("take.m4a", "take.mp3", "m4a"),
        ("take.mp4", "take.mp3", "mp4"),
        ("take.mov", "take.m4a", "mp4"),
    ],
)
def test_given_a_lying_extension_when_identified_then_the_content_counts(
    content: str, name: str, expected: str
) -> None:
    assert _identify(recording(content), name) == expected


@pytest.mark.parametrize("name", ["untagged.mp3", "take.aac", "take.flac"])
@pytest.mark.parametrize("tag_bytes", [200, 12_000, 200_000])
def test_given_an_id3_tag_of_any_size_before_it_when_identified_then_what_follows_counts(
    name: str, tag_bytes: int
) -> None:
    extension = name.rpartition(".")[2]
    assert _identify(id3_tag(tag_bytes) + recording(name), name) == extension
    assert _identify(id3_tag(300) + id3_tag(tag_bytes) + recording(name), name) == extension


@pytest.mark.parametrize("name", ["untagged.mp3", "take.aac"])
def test_given_a_stream_cut_in_mid_frame_when_identified_then_the_frames_after_it_count(name: str) -> None:
    assert _identify(recording(name)[101:], name) == name.rpartition(".")[2]


def test_given_a_single_frame_when_identified_then_it_is_enough_if_the_file_ends_with_it() -> None:
    assert _identify(recording("untagged.mp3")[:208], "x.mp3") == "mp3"


@pytest.mark.parametrize(
    "content",
    [
        b"\0",
        b"hello, this is a text file named after a recording\n" * 400,
        b"\xff\xfb" + b"text after something like a sync word " * 400,
        b"\x89PNG\r\n\x1a\n" + bytes(400),
        b"%PDF-1.7\n" + bytes(400),
        b"PK\x03\x04" + bytes(400),
        b"#EXTM3U\nhttp://169.254.169.254/latest/meta-data/\n",
        b"ID3\x03\x00\x00\x00\x00\x00\x0a" + bytes(500),
        id3_tag(300),
        id3_tag(300) * 6,
        b"ID3\x03\x00\x00\x7f\x7f\x7f\x7f" + bytes(500),
        b"RIFF\x24\x00\x00\x00WEBP" + bytes(400),
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400),
        b"\x1a\x45\xdf\xa3" + bytes(400),
        b"FORM\0\0\0\x20ILBM" + bytes(400),
        bytes(20_000),
    ],
    ids=lambda content: content[:12].hex(),
)
def test_given_something_else_named_m4a_when_identified_then_it_is_not_audio(content: bytes) -> None:
    with pytest.raises(InvalidUpload, match=r"^NOT_AUDIO: file 'take.m4a' is not audio") as refusal:
        _identify(content, "take.m4a")
    assert content[:8].hex(" ") in refusal.value.message


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"caff\0\x01\0\0" + bytes(100), "Core Audio"),
        (b"#!AMR\n" + bytes(100), "AMR"),
        (b"MThd" + bytes(100), "MIDI"),
        (b"RIFF\0\0\0\0AVI " + bytes(100), "AVI"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(100), "Windows Media"),
    ],
)
def test_given_an_audio_container_that_is_not_taken_when_identified_then_the_mismatch_is_named(
    content: bytes, what: str
) -> None:
    with pytest.raises(InvalidUpload, match=f"^FORMAT_MISMATCH: file 'take.m4a' holds .*{what}"):
        _identify(content, "take.m4a")


def test_given_an_ordinary_file_when_identified_then_nothing_more_is_read() -> None:
    content = recording("take.mp3")

    def read(offset: int, length: int) -> bytes:
        raise AssertionError(f"{length} bytes were read from {offset}")

    first_block = content[:FIRST_BLOCK_BYTES]
    assert identify_format(read, size_bytes=len(content), first_block=first_block, name="x.mp3", extension="mp3")
