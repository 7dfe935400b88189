"""JSONata as Step Functions evaluates it, on jsonata-python.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html : the functions that Step Functions adds,
`$eval` that it takes away, and an undefined result that is an error.
"""

import hashlib
import json
import math
import random
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

_ALGORITHMS = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}
_MOST_ITEMS = 1000


class QueryEvaluationError(Exception):
    """An expression failed, or came to nothing."""


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """Evaluate an expression to a JSON value.

    Args:
        expression: without the `{%` and `%}`.
        variables: JSON values by name, without the `$`; they may hide Step Functions' functions.

    Raises:
        QueryEvaluationError: it is malformed, throws, or is undefined.

    """
    try:
        program = Jsonata(expression)
        program.set_output_convert_nulls(False)
        for name, function in _FUNCTIONS.items():
            program.register_lambda(name, function)
        for name, value in variables.items():
            program.assign(name, _with_nulls(value))
        result = program.evaluate(None)
    except Exception as error:  # the library lets any built-in exception through
        raise QueryEvaluationError(
            f"The JSONata expression '{expression}' threw an error during evaluation. {_told(error)}"
        ) from error
    if result is None:
        raise QueryEvaluationError(f"The JSONata expression '{expression}' returned nothing (undefined).")
    return _as_json(Utils.convert_nulls(result), expression)


def _told(error: Exception) -> str:
    code = getattr(error, "error", None)
    return f"{code}: {error}" if code else str(error)


def _with_nulls(value: Any) -> Any:
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, dict):
        return {name: _with_nulls(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_nulls(member) for member in value]
    return value


def _as_json(value: Any, expression: str) -> Any:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise QueryEvaluationError(f"The JSONata expression '{expression}' returned no finite number.")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, Mapping):
        return {str(name): _as_json(member, expression) for name, member in value.items()}
    if isinstance(value, list | tuple | range):
        return [_as_json(member, expression) for member in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    raise QueryEvaluationError(f"The JSONata expression '{expression}' returned an unsupported result type.")


def _parse(text: str | None = None) -> Any:
    return None if text is None else _with_nulls(json.loads(text))


def _hash(data: Any = None, algorithm: str | None = None) -> str:
    name = _ALGORITHMS.get(str(algorithm))
    if name is None:
        raise ValueError(f"$hash: the algorithm is {algorithm!r}; allowed: {', '.join(_ALGORITHMS)}")
    text = data if isinstance(data, str) else json.dumps(Utils.convert_nulls(data), separators=(",", ":"))
    return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def _partition(items: list[Any] | None = None, size: float | None = None) -> list[list[Any]] | None:
    if items is None:
        return None
    if not isinstance(size, int | float) or size < 1:
        raise ValueError(f"$partition: the size is {size!r}; it must be at least 1")
    items = items if isinstance(items, list) else [items]
    return [list(items[start : start + int(size)]) for start in range(0, len(items), int(size))]


def _range(first: float, last: float, step: float) -> list[float]:
    if not step:
        raise ValueError("$range: the step must not be 0")
    count = math.floor((last - first) / step) + 1
    if count > _MOST_ITEMS:
        raise ValueError(f"$range: {count} items; at most {_MOST_ITEMS} are allowed")
    return [first + position * step for position in range(max(0, count))]


def _random(seed: Any = None) -> float:
    # the workflow's own dice: nothing here is a secret
    return random.random() if seed is None else random.Random(seed).random()  # noqa: S311


def _eval(*_: Any) -> Any:
    raise ValueError("$eval is not available in Step Functions; use $parse")


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "parse": _parse,
    "hash": _hash,
    "partition": _partition,
    "range": _range,
    "random": _random,
    "uuid": lambda: str(uuid.uuid4()),
    "eval": _eval,
}
