import pytest

from oneshots.parameters import ParameterError, Parameters, parse_parameters


def test_given_no_parameters_when_parsed_then_the_engine_adapts_by_itself():
    parameters = parse_parameters({})
    assert parameters == Parameters()
    assert parameters.fixed_threshold_dbfs is None
    assert parameters.target_loudness_lufs == -18
    assert parameters.normalize_mode == "each"


def test_given_a_threshold_alone_when_parsed_then_it_is_obeyed():
    assert parse_parameters({"silence-threshold": -35}).fixed_threshold_dbfs == -35


def test_given_a_threshold_and_auto_detection_when_parsed_then_the_threshold_is_ignored():
    parsed = parse_parameters({"silence-threshold": -35, "auto-detect-threshold": True})
    assert parsed.fixed_threshold_dbfs is None


def test_given_processing_disabled_when_parsed_then_the_original_is_kept():
    assert parse_parameters({"processing-enabled": False}).keeps_original


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("silence-threshold", -90.1, "from -90 to 0 dBFS"),
        ("silence-threshold", 0.1, "from -90 to 0 dBFS"),
        ("silence-threshold", "-30", "number"),
        ("silence-threshold", True, "number"),
        ("silence-threshold", float("nan"), "number"),
        ("min-silence-duration", 9, "from 10 to 5000 ms"),
        ("min-silence-duration", 5001, "from 10 to 5000 ms"),
        ("target-loudness", 0.5, "from -60 to 0 LUFS"),
        ("target-loudness", None, "number"),
        ("processing-enabled", "true", "true or false"),
        ("normalize-audio", 1, "true or false"),
        ("output-format", "ogg", "original, wav, flac, mp3, m4a"),
        ("features", "none", "all, cut-only"),
        ("features", None, "all, cut-only"),
        ("output-format", ["wav"], "original, wav, flac, mp3, m4a"),
        ("normalize-mode", "all", "each, together"),
        ("normalize-mode", ["each"], "each, together"),
        ("ui-version", "a b", "must match"),
        ("ui-version", "x" * 33, "must match"),
    ],
)
def test_given_a_value_outside_its_rule_when_parsed_then_the_error_names_parameter_value_and_rule(name, value, rule):
    with pytest.raises(ParameterError) as error:
        parse_parameters({name: value})
    assert name in str(error.value)
    assert rule in str(error.value)
    assert repr(value)[:30] in str(error.value)


@pytest.mark.parametrize("value", [-90, -50, 0])
def test_given_the_ends_of_the_range_when_parsed_then_they_are_taken(value):
    assert parse_parameters({"silence-threshold": value}).silence_threshold_dbfs == value


def test_given_an_unknown_name_when_parsed_then_it_is_refused_by_name():
    with pytest.raises(ParameterError, match="silence_threshold"):
        parse_parameters({"silence_threshold": -30})


def test_given_a_huge_value_when_refused_then_the_message_stays_short():
    with pytest.raises(ParameterError) as error:
        parse_parameters({"ui-version": "x" * 100_000})
    assert len(str(error.value)) < 300
