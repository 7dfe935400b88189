"""Processing parameters from an object's metadata."""

import pytest

from shared.errors import InvalidUpload
from validate.parameters import PARAMETERS, read_parameters


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("processing-enabled", "false", False),
        ("silence-threshold", "-50", -50.0),
        ("silence-threshold", "-20.0", -20.0),
        ("silence-threshold", "-35.25", -35.25),
        ("min-silence-duration", "500", 500),
        ("min-silence-duration", "2000", 2000),
        ("min-silence-duration", "750.0", 750),
        ("preserve-original", "true", True),
        ("auto-detect-threshold", "false", False),
        ("output-format", "original", "original"),
        ("output-format", "m4a", "m4a"),
        ("normalize-audio", "true", True),
        ("target-loudness", "-36", -36.0),
        ("features", "all", "all"),
        ("features", "cut-only", "cut-only"),
        ("target-loudness", "-6", -6.0),
        ("normalize-mode", "each", "each"),
        ("normalize-mode", "together", "together"),
        ("processing-version", "2.0.0-rc.1+build_7", "2.0.0-rc.1+build_7"),
        ("ui-version", "x" * 32, "x" * 32),
    ],
)
def test_given_a_value_in_range_when_read_then_it_is_typed(name: str, text: str, value: object) -> None:
    params = read_parameters({name: text})
    assert params == {name: value}
    assert type(params[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("silence-threshold", "-50.1", "from -50 to -20"),
        ("silence-threshold", "-19.9", "from -50 to -20"),
        ("silence-threshold", "30", "from -50 to -20"),
        ("silence-threshold", "nan", "a number of dBFS"),
        ("silence-threshold", "-inf", "a number of dBFS"),
        ("silence-threshold", "-3e1", "a number of dBFS"),
        ("silence-threshold", "-30dB", "a number of dBFS"),
        ("silence-threshold", "-30,5", "a number of dBFS"),
        ("silence-threshold", "-30,-31", "a number of dBFS"),
        ("silence-threshold", "", "a number of dBFS"),
        ("silence-threshold", "-٣٠", "a number of dBFS"),
        ("silence-threshold", "-" + "9" * 2000, "a number of dBFS"),
        ("min-silence-duration", "499", "from 500 to 2000"),
        ("min-silence-duration", "2001", "from 500 to 2000"),
        ("min-silence-duration", "750.5", "a whole number"),
        ("min-silence-duration", "1_000", "a whole number"),
        ("target-loudness", "-36.1", "LUFS from -36 to -6"),
        ("target-loudness", "-5", "LUFS from -36 to -6"),
        ("normalize-mode", "all", "one of each, together"),
        ("processing-enabled", "yes", "true or false"),
        ("processing-enabled", "TRUE", "true or false"),
        ("preserve-original", "1", "true or false"),
        ("auto-detect-threshold", "", "true or false"),
        ("normalize-audio", "null", "true or false"),
        ("features", "cut", "one of all, cut-only"),
        ("output-format", "ogg", "one of original, wav, flac, mp3, m4a"),
        ("output-format", "WAV", "one of original, wav, flac, mp3, m4a"),
        ("ui-version", "", "1 to 32"),
        ("ui-version", "x" * 33, "1 to 32"),
        ("processing-version", "1.0\n2.0", "1 to 32"),
        ("processing-version", "=?UTF-8?B?8J+OtQ==?=", "1 to 32"),
        ("processing-version", "=?UTF-8?B?!?=", "1 to 32"),
        ("processing-version", "=?nonsense?Q?a?=", "1 to 32"),
        ("processing-version", "=?undefined?Q?a?=", "1 to 32"),
        ("processing-version", "=?a\0b?Q?a?=", "1 to 32"),
    ],
)
def test_given_a_value_out_of_range_or_malformed_when_read_then_name_value_and_rule_are_said(
    name: str, text: str, rule: str
) -> None:
    with pytest.raises(InvalidUpload, match=f"^INVALID_PARAMETER: parameter {name} is '") as refusal:
        read_parameters({name: text})
    assert rule in refusal.value.message
    assert refusal.value.message.isprintable()
    assert len(refusal.value.message) < 250


def test_given_a_value_in_rfc_2047_when_refused_then_the_message_shows_what_it_says() -> None:
    with pytest.raises(InvalidUpload, match="'−30'"):
        read_parameters({"silence-threshold": "=?UTF-8?Q?=E2=88=9230?="})


def test_given_a_name_in_capitals_when_read_then_it_is_ours() -> None:
    assert read_parameters({"Output-Format": "flac"}) == {"output-format": "flac"}


def test_given_names_of_others_when_read_then_they_are_ignored() -> None:
    assert read_parameters({"mtime": "1", "x": "\x00", "silence_threshold": "loud", "md5chksum": "?"}) == {}


def test_given_every_parameter_when_listed_then_it_is_the_contract() -> None:
    assert set(PARAMETERS) == {
        "processing-enabled",
        "silence-threshold",
        "min-silence-duration",
        "preserve-original",
        "auto-detect-threshold",
        "output-format",
        "features",
        "normalize-audio",
        "target-loudness",
        "normalize-mode",
        "processing-version",
        "ui-version",
    }
