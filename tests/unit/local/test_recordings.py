from pathlib import Path

import pytest

from local.display import printable
from local.recordings import safe_name


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


def test_given_control_characters_when_shown_then_they_do_not_reach_the_terminal() -> None:
    assert printable("a\x1b[31mb\nc") == "a\N{REPLACEMENT CHARACTER}[31mb\N{REPLACEMENT CHARACTER}c"
