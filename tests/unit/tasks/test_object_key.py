"""The grammar of upload keys."""

import pytest

from shared.errors import InvalidUpload
from validate.object_key import SUPPORTED_EXTENSIONS, parse_upload_key


@pytest.mark.parametrize("prefix", ["public/unprocessed/", "unprocessed/"])
def test_given_either_prefix_when_parsed_then_user_name_basename_and_extension_come_out(prefix: str) -> None:
    key = parse_upload_key(f"{prefix}demo_User-1/Take 1.final.M4A")
    assert key == ("demo_User-1", "Take 1.final.M4A", "Take 1.final", "m4a")


@pytest.mark.parametrize(
    "name",
    [
        "a+b 100%.wav",
        "100%25.wav",
        "100%fade.wav",
        "50%ff%2.wav",
        "x%20y.wav",
        "naïve take.m4a",
        "nai\u0308ve.m4a",
        "日本.flac",
        "曲。名.m4a",
        "צליל.mp3",
        "👨\u200d👩\u200d👧.m4a",
        "نمی\u200cخواهم.wav",
        "½ speed….wav",
        "a..b.wav",
        "...and more.wav",
        "take .wav",
        "Screen Recording 10.30\u202fAM.m4a",
        "semi;colon&amp='\"<>|?*:.wav",
        "é" * 125 + "e.wav",
    ],
)
def test_given_an_unusual_legal_name_when_parsed_then_it_stays_verbatim(name: str) -> None:
    assert parse_upload_key(f"public/unprocessed/demo/{name}").name == name


@pytest.mark.parametrize("extension", SUPPORTED_EXTENSIONS)
def test_given_a_supported_extension_in_capitals_when_parsed_then_it_is_lower_case(extension: str) -> None:
    assert parse_upload_key(f"unprocessed/demo/x.{extension.upper()}").extension == extension


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "x.wav",
        "unprocessed/x.wav",
        "/unprocessed/demo/x.wav",
        "Public/unprocessed/demo/x.wav",
        "private/unprocessed/demo/x.wav",
        "public/processed/demo/x.wav",
        "public/unprocessed/demo/folder/x.wav",
        "public//unprocessed/demo/x.wav",
        "public/unprocessed/demo/",
        "unprocessed/demo//x.wav",
    ],
)
def test_given_a_key_of_another_shape_when_parsed_then_it_is_an_invalid_key(key: str) -> None:
    with pytest.raises(InvalidUpload, match=r"^INVALID_KEY: (key|file name) "):
        parse_upload_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "public/unprocessed/u/../x.wav",
        "public/unprocessed/../x.wav",
        "public/unprocessed/u/./x.wav",
        "public/unprocessed/u/..",
        "public/unprocessed/u/%2e%2e/x.wav",
        "public/unprocessed/u/%2E%2e/x.wav",
        "public/unprocessed/u/.%2e/x.wav",
        "public/unprocessed/u/%252e%252e/x.wav",
        "public/unprocessed/%2e%2e/x.wav",
        "public/unprocessed/u/..%2fx.wav",
        "public/unprocessed/u/..%252fx.wav",
        "public/unprocessed/u/..%25252fx.wav",
        "public/unprocessed/u/%25252525252525252525252fx.wav",
        "public/unprocessed/u/a%2Fx.wav",
        "public/unprocessed/u/a%5cx.wav",
        "public/unprocessed/u/a%255Cx.wav",
        "public/unprocessed/u/..\\x.wav",
        "public/unprocessed/u/%ff%2fx.wav",
        "public/unprocessed/u/%u002fx.wav",
        "public/unprocessed/u/%c0%ae%c0%ae%c0%afx.wav",
        "public/unprocessed/u/%e0%80%afx.wav",
        "public/unprocessed/u/\u2024\u2024/x.wav",
        "public/unprocessed/u/\u2025\uff0fx.wav",
        "public/unprocessed/u/\uff0e\uff0e\uff0fx.wav",
        "public/unprocessed/u/\ufe52x.wav",
        "public/unprocessed/u/a\u2215x.wav",
        "public/unprocessed/u/a\u2044x.wav",
        "public/unprocessed/u/a\uff3cx.wav",
        "public/unprocessed/u/a%e2%88%95x.wav",
        "public/unprocessed/u/%ff%e2%88%95x.wav",
        "public/unprocessed/u/a\0.wav",
        "public/unprocessed/u/a%00.wav",
        "public/unprocessed/u/a%2500.wav",
        "public/unprocessed/u/a\r\n.wav",
        "public/unprocessed/u/a\x1b[31m.wav",
        "public/unprocessed/u/a\x7f.wav",
        "public/unprocessed/u/gpj.\u202ewav.m4a",
        "public/unprocessed/u/a\u2066b.m4a",
        "public/unprocessed/u/a\u200bb.m4a",
        "public/unprocessed/u/a\u200db.m4a",
        "public/unprocessed/u/\ufeffa.m4a",
        "public/unprocessed/u/a\u2028b.m4a",
    ],
)
def test_given_traversal_in_any_guise_when_parsed_then_it_is_an_invalid_key(key: str) -> None:
    with pytest.raises(InvalidUpload, match=r"^INVALID_KEY: ") as refusal:
        parse_upload_key(key)
    assert refusal.value.message.isprintable()


@pytest.mark.parametrize("name", [".wav", "..wav", " .wav", "x.wav ", "x.wav.", "a" * 252 + ".wav", "é" * 126 + ".wav"])
def test_given_a_name_without_body_or_too_long_when_parsed_then_it_is_an_invalid_key(name: str) -> None:
    with pytest.raises(InvalidUpload, match=r"^INVALID_KEY: file name "):
        parse_upload_key(f"unprocessed/demo/{name}")


@pytest.mark.parametrize("user_id", ["", "a b", "a" * 65, "dèmo", "demo%20", "a.b", "１", "demo\n"])
def test_given_a_user_id_outside_the_alphabet_when_parsed_then_it_is_an_invalid_user(user_id: str) -> None:
    with pytest.raises(InvalidUpload, match=r"^INVALID_USER: user id .*A-Z a-z 0-9 _ -"):
        parse_upload_key(f"unprocessed/{user_id}/x.wav")


def test_given_a_user_id_of_sixty_four_characters_when_parsed_then_it_is_taken() -> None:
    assert parse_upload_key(f"unprocessed/{'a' * 64}/x.wav").user_id == "a" * 64


@pytest.mark.parametrize("name", ["x", "x.txt", "x.wav.exe", "wav", "x.ｗａｖ", "x.amr"])
def test_given_another_extension_when_parsed_then_it_is_refused_with_the_list(name: str) -> None:
    with pytest.raises(InvalidUpload) as refusal:
        parse_upload_key(f"unprocessed/demo/{name}")
    assert refusal.value.code == "UNSUPPORTED_EXTENSION"
    assert ".m4a" in refusal.value.message
    assert name in refusal.value.message


def test_given_a_huge_hostile_key_when_refused_then_the_message_shows_eighty_printable_characters() -> None:
    with pytest.raises(InvalidUpload) as refusal:
        parse_upload_key("\x1b]0;\u202e" + "x" * 5000)
    shown = refusal.value.message.split("'")[1]
    assert len(shown) == 80
    assert shown.isprintable()
