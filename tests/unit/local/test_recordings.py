import errno
from pathlib import Path
from typing import Any

import pytest

from local.recordings import Recordings, safe_name, safe_names


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("take-001.wav", "take-001.wav"),
        ("a+b 100%.wav", "a+b 100%.wav"),
        ("naïve 日本.flac", "naïve 日本.flac"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("..", "__"),
        (".", "_"),
        ("", "_"),
        ("a/b\\c:d\x00e\nf", "a_b_c_d_e_f"),
        ("/etc/passwd", "_etc_passwd"),
        ("\ud800.wav", "_.wav"),
        ("a\udc7f\udc80\udcff\udd00\udfff", "a_\udc80\udcff__"),
    ],
)
def test_given_a_name_from_a_key_when_made_safe_then_it_stays_in_its_folder(
    name: str, safe: str, tmp_path: Path
) -> None:
    assert safe_name(name) == safe
    assert (tmp_path / safe_name(name)).resolve().parent == tmp_path.resolve()


def test_given_a_name_too_long_for_a_file_when_made_safe_then_the_extension_stays() -> None:
    safe = safe_name("日" * 300 + ".wav")

    assert safe.endswith(".wav")
    assert len(safe.encode()) <= 255


def test_given_names_that_become_the_same_when_made_safe_then_none_overwrites_another(tmp_path: Path) -> None:
    names = ["a:b.wav", "a*b.wav", "A_B.WAV", "日" * 300 + "1.wav", "日" * 300 + "2.wav"]

    safe = safe_names(names)

    assert len({name.casefold() for name in safe}) == len(names)
    assert safe[:3] == ["a_b.wav", "2-a_b.wav", "3-A_B.WAV"]
    for name in safe:
        (tmp_path / name).touch()


class _Engine:
    """An engine whose bucket holds two results."""

    def __init__(self) -> None:
        self.outputs = {"RecordingsBucketName": "b", "RecordingsTableName": "t"}

    def client(self, _: str) -> "_Engine":
        return self

    def get_paginator(self, _: str) -> "_Engine":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Contents": [{"Key": "p/full.wav"}, {"Key": "p/good.wav"}]}]

    def download_file(self, _: str, key: str, path: str) -> None:
        if key == "p/full.wav":
            raise OSError(errno.ENOSPC, "No space left on device")
        Path(path).write_text("sound", encoding="utf-8")


def test_given_a_result_that_can_not_be_written_when_fetched_then_it_is_named_and_the_others_are_there(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "results"

    not_fetched = Recordings(_Engine()).fetch("p/", folder)  # type: ignore[arg-type]

    assert not_fetched == [f"{folder / 'full.wav'}: No space left on device"]
    assert [path.name for path in folder.iterdir()] == ["good.wav"]
