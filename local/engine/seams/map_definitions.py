"""Fields of a Map state that can't be written.

moto: its grammar takes a ToleratedFailurePercentage with a decimal point alone, and of a ResultWriter neither
Arguments nor WriterConfig; it parses the definition for each execution, a tenth of a second of CPU a time.
Here: the percentage is given its point, and a ResultWriter is taken out before moto parses and put back as
`result_writers.ResultWriter`, but not in the branches of a Parallel state. A definition is parsed once: what moto makes
of it keeps no state of an execution.
Upstream: no issue found.
"""

import json
from functools import lru_cache
from typing import Any

from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from local.engine.seams.patching import replace
from local.engine.seams.result_writers import ResultWriter

_PERCENTAGE = "ToleratedFailurePercentage"
_parse: Any = AmazonStateLanguageParser.parse


def install() -> None:
    """Parse like this."""
    replace(AmazonStateLanguageParser, "parse", staticmethod(_parse_maps))


@lru_cache(maxsize=64)
def _parse_maps(definition: str) -> Any:
    if '"Map"' not in definition:
        return _parse(definition)
    try:
        machine = json.loads(definition)
    except ValueError:
        return _parse(definition)
    writers = _rewritten(machine)
    program, tree = _parse(json.dumps(machine))
    _put_back(program.states.states, writers)
    return program, tree


def _rewritten(machine: dict[str, Any]) -> dict[str, Any]:
    """Rewrite the Map states of a definition; returns the writers by state, in a Map under its name."""
    writers: dict[str, Any] = {}
    for name, state in machine.get("States", {}).items():
        if state.get("Type") != "Map":
            continue
        if isinstance(state.get(_PERCENTAGE), int):
            state[_PERCENTAGE] = float(state[_PERCENTAGE])
        inner = _rewritten(state.get("ItemProcessor", {}))
        writers[name] = (_writer_of(state), inner)
    return writers


def _writer_of(state: dict[str, Any]) -> dict[str, Any] | None:
    writer: dict[str, Any] = state.get("ResultWriter", {})
    if "Arguments" in writer:
        del state["ResultWriter"]
        return writer
    config = writer.pop("WriterConfig", None)
    return {"WriterConfig": config} if config else None


def _put_back(states: dict[str, Any], writers: dict[str, Any]) -> None:
    for name, (writer, inner) in writers.items():
        state = states[name]
        if writer:
            of_moto = state.result_writer
            state.result_writer = ResultWriter(
                config=writer.get("WriterConfig") or {},
                arguments=writer.get("Arguments"),
                parameters=of_moto.parargs if of_moto else None,
            )
        elif state.result_writer:
            state.result_writer = ResultWriter(config={}, arguments=None, parameters=state.result_writer.parargs)
        _put_back(state.iteration_component._states.states, inner)
