"""The matrix as a table: rows are states, columns classes of faults."""

from collections.abc import Iterable

from tests.workflow.fault_matrix.cells import BUS_STATES, FUNCTION_STATES, TABLE_STATES, TASK_ROWS
from tests.workflow.fault_matrix.verdicts import Verdict

_LEAVES = {
    "result": "COMPLETED",
    "rejection": "rejected",
    "failure": "FAILED",
    "settled": "settled",
    "claim": "PROCESSING",
    "nothing": "-",
}
_SERVICES = {"Functions": FUNCTION_STATES, "The table": TABLE_STATES, "The bus": BUS_STATES, "The container": TASK_ROWS}


def table(verdicts: Iterable[Verdict]) -> str:
    """Return the matrix as Markdown, a table for each service that the states call."""
    found: dict[str, dict[str, list[Verdict]]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.cell.state, {}).setdefault(verdict.cell.column, []).append(verdict)
    return "\n\n".join(
        _table(name, {state: found.get(state, {}) for state in states}) for name, states in _SERVICES.items()
    )


def _table(name: str, rows: dict[str, dict[str, list[Verdict]]]) -> str:
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    lines = [f"| {name} | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for state, row in rows.items():
        lines.append(f"| **{state}** | {' | '.join(_cell(row.get(column, [])) for column in columns)} |")
    return "\n".join(lines)


def _cell(verdicts: list[Verdict]) -> str:
    return "<br>".join(_line(verdict) for verdict in verdicts)


def _line(verdict: Verdict) -> str:
    if verdict.problems:
        return f"✗ {verdict.attempts}: {verdict.end}, {verdict.leaves}"
    return f"✓ {verdict.attempts}: {verdict.end}, {_LEAVES[verdict.cell.leaves]}"
