"""The proof as tables of a page."""

from collections import defaultdict
from collections.abc import Iterable

from local.engine.permissions.statements import Statement
from tests.workflow.least_privilege.excuses import EXCUSED, STAR_RESOURCES, Part
from tests.workflow.least_privilege.proof import Dropped, Proof, as_list, part_of

_HEAD = "| who | statement | may | on | needed by | without it |\n|---|---|---|---|---|---|"
_EXCUSES_HEAD = "| who | statement | what no run needs | why it stays |\n|---|---|---|---|"
_STARS_HEAD = "| who | statement | why on `*` |\n|---|---|---|"


def table(proof: Proof, dropped: Iterable[Dropped]) -> str:
    """Return the tables: every statement, what is excused, and what is about everything."""
    by_statement = {each.statement: each for each in dropped}
    rows = [_row(proof, statement, by_statement.get(statement.id)) for statement in proof.statements()]
    excuses = [
        _cells(part.holder, part.statement, _code(part.part) or "all of it", why) for part, why in EXCUSED.items()
    ]
    stars = [_cells(part.holder, part.statement, why) for part, why in STAR_RESOURCES.items()]
    return "\n".join([_HEAD, *rows, "", _EXCUSES_HEAD, *excuses, "", _STARS_HEAD, *stars])


def _row(proof: Proof, statement: Statement, dropped: Dropped | None) -> str:
    body, part = statement.body, part_of(statement.id)
    may = [("never " if body["Effect"] == "Deny" else "") + _code(action) for action in as_list(body["Action"])]
    on = [_code(proof.stage.readable(resource)) for resource in as_list(body.get("Resource", []))] or ["the role"]
    without = _without(dropped) if dropped else "excused below" if part in EXCUSED else "**nothing is known**"
    return _cells(part.holder, part.statement, ", ".join(may), ", ".join(on), _needed_by(proof, statement), without)


def _needed_by(proof: Proof, statement: Statement) -> str:
    calls = proof.uses().get(statement.id, [])
    if services := {call.caller.principal for call in calls if call.need.action == "sts:AssumeRole"}:
        return ", ".join(sorted(services))
    places: dict[str, set[str]] = defaultdict(set)
    for call in calls:
        places[proof.stage.readable(call.place).rpartition("/")[2]].add(call.operation)
    return "; ".join(f"{place}: {', '.join(sorted(places[place]))}" for place in sorted(places))


def _without(dropped: Dropped) -> str:
    return f"*{dropped.scenario}*: {dropped.changes[0]}" if dropped.changes else "**nothing changes**"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def unexcused(proof: Proof) -> list[Part]:
    """Return what no run needs and no excuse is written for; a statement's parts go with it."""
    unused = set(proof.parts()) - proof.used_parts()
    excused = {part for part in unused if part in EXCUSED or Part(part.holder, part.statement) in EXCUSED}
    return sorted(unused - excused)
