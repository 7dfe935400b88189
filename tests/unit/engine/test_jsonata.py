import math
import uuid
from typing import Any

import pytest

from local.engine import jsonata


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$states.input.n * 2", 42),
        ("1024 / 2", 512),
        ("$string(1024 / 2)", "512"),
        ("1 / 4", 0.25),
        ("$states.input.nothing", None),
        ("$exists($states.input.nothing)", True),
        ("$exists($states.input.absent)", False),
        ("$type($states.input.nothing)", "null"),
        ("$states.input.items[$ > 1]", [2, 3]),
        ("$states.input.items[0]", 1),
        ("$split('a/b/c', '/')[-1]", "c"),
        ("$merge([{}, $each($states.input.none, function($v, $k) { {$k: $v} })])", {}),
        ("$range(0, 6, 2)", [0, 2, 4, 6]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]]),
        ("$hash('abc', 'MD5')", "900150983cd24fb0d6963f7d28e17f72"),
        ("$hash('abc', 'SHA-1')", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("$hash('abc', 'SHA-256')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("$length($hash('abc', 'SHA-384'))", 96),
        ("$length($hash('abc', 'SHA-512'))", 128),
        ("""$parse('{"a": [1, null, "x"]}').a[2]""", "x"),
        ("""$type($parse('{"a": null}').a)""", "null"),
        ("$contains($states.input.text, /^\\{[\\s\\S]*\\}$/)", True),
        ("$random(7) = $random(7)", True),
    ],
)
def test_given_an_expression_when_evaluated_then_it_is_as_step_functions_has_it(expression: str, expected: Any) -> None:
    given = {"n": 21, "nothing": None, "items": [1, 2, 3], "none": {}, "text": '{\n"a": 1}'}

    assert jsonata.evaluate(expression, {"states": {"input": given}}) == expected


@pytest.mark.parametrize("text", ['"', "\\", "\n", "'", "{%", "\x00", "naïve 日本 🎧", "$uuid()"])
def test_given_hostile_text_in_a_variable_when_evaluated_then_it_stays_text(text: str) -> None:
    assert jsonata.evaluate("$name & '!'", {"name": text}) == text + "!"


@pytest.mark.parametrize(
    "expression",
    [
        "$absent",
        "$states.input.absent",
        "1 +",
        "$number('x')",
        "$nosuch()",
        "$eval('1')",
        "$",
        "$$",
        "$hash('a', 'CRC32')",
        "$partition([1], 0)",
        "$range(0, 5000, 1)",
        "$range(0, 1, 0)",
        "$parse('{')",
        "function($x) { $x }",
        "1 / 0",
    ],
)
def test_given_what_fails_or_is_undefined_when_evaluated_then_the_error_names_the_expression(
    expression: str,
) -> None:
    with pytest.raises(jsonata.QueryEvaluationError) as raised:
        jsonata.evaluate(expression, {"states": {"input": {}}})

    assert f"'{expression}'" in str(raised.value)


def test_given_uuid_when_evaluated_twice_then_two_version_4_uuids_come() -> None:
    both = jsonata.evaluate("[$uuid(), $uuid()]", {})

    assert [uuid.UUID(each).version for each in both] == [4, 4]
    assert both[0] != both[1]


def test_given_random_when_evaluated_then_it_is_in_the_unit_interval() -> None:
    drawn = jsonata.evaluate("[1..50].($random())", {})

    assert all(0 <= each < 1 for each in drawn)
    assert len(set(drawn)) > 1


def test_given_a_variable_named_like_a_function_when_evaluated_then_the_variable_wins() -> None:
    assert jsonata.evaluate("$hash", {"hash": "mine"}) == "mine"


def test_given_a_large_whole_number_when_evaluated_then_it_does_not_become_another() -> None:
    assert jsonata.evaluate("$n", {"n": 2**60 + 1}) == 2**60 + 1
    assert math.isclose(jsonata.evaluate("1e300 * 10", {}), 1e301)
