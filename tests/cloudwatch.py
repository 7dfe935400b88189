"""What CloudWatch reads: metrics out of lines, filter patterns, the fields of Logs Insights' queries."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

type Line = dict[str, Any]

OWN = "LittleBitAudio/"
_CONDITION = re.compile(r'\$(?P<path>(?:\.\w+)+) = "(?P<value>\w+)"')
_COMMANDS = {"fields", "filter", "stats", "sort", "limit"}
_WORDS = {"as", "by", "and", "or", "not", "in", "like", "asc", "desc"}
_FUNCTIONS = {
    "ispresent", "coalesce", "count", "sum", "avg", "min", "max", "pct", "latest", "earliest", "bin", "ceil", "floor",
}  # fmt: skip
_BUILT_IN = {"@timestamp", "@message", "@log", "@logStream"}


class Metric(NamedTuple):
    """A metric as far as its identity is in a template: its dimensions by name, with the values that are plain text."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str | None], ...]


def metric(namespace: Any, name: str, dimensions: Mapping[str, Any]) -> Metric:
    values = (
        (key, value if isinstance(value, str) and "${" not in value else None) for key, value in dimensions.items()
    )
    return Metric(_text(namespace), name, tuple(sorted(values)))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else value["Fn::Sub"]


def of_alarm(properties: Mapping[str, Any]) -> set[Metric]:
    """The metrics that an alarm watches."""
    stats = [query["MetricStat"]["Metric"] for query in properties.get("Metrics", []) if "MetricStat" in query]
    return {
        metric(each["Namespace"], each["MetricName"], {d["Name"]: d["Value"] for d in each.get("Dimensions", [])})
        for each in stats or [properties]
    }


def of_dashboard(body: Mapping[str, Any]) -> set[Metric]:
    """The metrics that a dashboard draws, searches aside. `.` stands for the same as above, `...` for all that."""
    found = set()
    for widget in body["widgets"]:
        above: list[str] = []
        for row in widget["properties"].get("metrics", []):
            words = [word for word in row if isinstance(word, str)]
            if not words:
                continue
            if words[0] == "...":
                words = above[: len(above) - len(words) + 1] + words[1:]
            above = [above[at] if word == "." else word for at, word in enumerate(words)]
            namespace, name, *pairs = above
            found.add(metric(namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True))))
    return found


def of_filter(properties: Mapping[str, Any]) -> set[Metric]:
    """The metrics that a metric filter makes; a dimension's value comes from the line."""
    return {
        metric(each["MetricNamespace"], each["MetricName"], {d["Key"]: "${}" for d in each.get("Dimensions", [])})
        for each in properties["MetricTransformations"]
    }


def embedded(lines: Iterable[Line]) -> Iterator[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """The metrics that lines embed: namespace, name, dimensions. Each must have its value in the line."""
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for each in directive["Metrics"]:
                values = line[each["Name"]]
                assert all(isinstance(v, int | float) for v in (values if isinstance(values, list) else [values]))
                for names in directive["Dimensions"]:
                    yield directive["Namespace"], each["Name"], tuple(sorted((name, line[name]) for name in names))


def matches(pattern: str, line: Line) -> bool:
    """Whether a line is one that a metric filter's pattern means: `{ $.a = "x" && $.b.c = "y" }`, no more than that."""
    inside = re.fullmatch(r"\{ (.+) \}", pattern)
    assert inside, pattern
    conditions = [_CONDITION.fullmatch(each) for each in inside[1].split(" && ")]
    assert all(conditions), pattern
    return all(flat(line).get(c["path"][1:]) == c["value"] for c in conditions if c)


def flat(line: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The fields that Logs Insights finds in a line."""
    fields: dict[str, Any] = {}
    for name, value in line.items():
        if isinstance(value, dict):
            fields |= flat(value, f"{prefix}{name}.")
        elif value is not None:
            fields[prefix + name] = value
    return fields


def fields_of_query(query: str) -> set[str]:
    """The fields that a query of Logs Insights reads from the lines. Asserts what can be told of its syntax."""
    read: set[str] = set()
    made: set[str] = set()
    for stage in re.split(r"\n\| ", query):
        command, _, rest = stage.partition(" ")
        assert command in _COMMANDS, stage
        assert "\n" not in rest, stage
        plain = re.sub(r'"[^"]*"|/[^/ ]+/', "", rest)
        assert plain.count("(") == plain.count(")"), stage
        called = set(re.findall(r"([A-Za-z]\w*)\(", plain))
        assert called <= _FUNCTIONS, stage
        names = set(re.findall(r"(?<![\w@.])@?[A-Za-z][\w.]*", plain)) - _WORDS - called - {"h"}
        aliases = set(re.findall(r" as (\w+)", plain))
        read |= names - aliases - made
        made |= aliases
    return read - _BUILT_IN
