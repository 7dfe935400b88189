"""The proof: everything is run once as it is, then once more without each statement, which must go wrong."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.engine.permissions.calls import Call
from local.engine.permissions.permissions import DeniedError
from local.engine.permissions.statements import Statement, StatementId
from tests.workflow.least_privilege.excuses import Part
from tests.workflow.least_privilege.scenarios import SCENARIOS, Scenario
from tests.workflow.least_privilege.stage import Outcome, Stage

NOBODY = "arn:aws:nothing:nowhere-1:000000000000:nobody/nothing"


@dataclass(frozen=True)
class Run:
    """A scenario that was run: what came of it, the calls that were judged, and how many seconds it took."""

    scenario: Scenario
    outcome: Outcome
    calls: list[Call]
    seconds: float

    @property
    def surprises(self) -> list[str]:
        """What is not as the scenario expects."""
        found = [
            f"{name} is {self.outcome.get(name)!r}, not {value!r}"
            for name, value in self.scenario.expects.items()
            if self.outcome.get(name) != value
        ]
        if not self.scenario.in_plain_http:
            found += [call.refusal for call in self.calls if not call.allowed]
        return found


@dataclass(frozen=True)
class Dropped:
    """What came of a scenario without a statement that it needs.

    Attributes:
        statement: which was dropped.
        scenario: what was run.
        judged: the call that was judged otherwise than with the statement; None if none was.
        before: what comes of it with the statement.
        after: what came of it without.

    """

    statement: StatementId
    scenario: Scenario
    judged: Call | None
    before: Outcome
    after: Outcome

    @property
    def changes(self) -> list[str]:
        """What came out otherwise."""
        names = [*self.before, *(name for name in self.after if name not in self.before)]
        return [
            f"{name}: {_shown(self.before.get(name))} -> {_shown(self.after.get(name))}"
            for name in names
            if self.before.get(name) != self.after.get(name)
        ]

    @property
    def problems(self) -> list[str]:
        """Why this doesn't show that the statement is needed."""
        problems = [] if self.judged else [f"{self.statement} was dropped, and every call was judged as before"]
        return problems if self.changes else [*problems, f"{self.statement} was dropped, and all ended as before"]


@dataclass
class Proof:
    """The runs of all scenarios, and what they say of each statement."""

    stage: Stage
    runs: list[Run] = field(default_factory=list)

    @classmethod
    def begin(cls, stage: Stage) -> "Proof":
        """Run every scenario with all that the template allows."""
        warm(stage)
        return cls(stage, [run(stage, scenario) for scenario in SCENARIOS])

    def statements(self) -> list[Statement]:
        """Return the template's own statements."""
        return [each for each in self.stage.permissions.policies.statements() if not each.is_of_aws]

    def uses(self) -> dict[StatementId, list[Call]]:
        """Return the calls that each statement allows, or denies."""
        used: dict[StatementId, list[Call]] = defaultdict(list)
        for each in self.runs:
            for call in each.calls:
                for grant in (*call.grants, *call.denials):
                    used[grant.statement].append(call)
        return used

    def used_parts(self) -> set[Part]:
        """Return every statement, action and resource that a call was judged by."""
        grants = [grant for each in self.runs for call in each.calls for grant in (*call.grants, *call.denials)]
        parts = {part_of(grant.statement) for grant in grants}
        for grant in grants:
            parts |= {self._part(grant.statement, pattern) for pattern in (*grant.actions, *grant.resources)}
        return parts

    def parts(self) -> Iterator[Part]:
        """Return every statement of the template, and each of several actions or resources that one has."""
        for statement in self.statements():
            yield part_of(statement.id)
            for name in ("Action", "Resource"):
                patterns = as_list(statement.body.get(name, []))
                if len(patterns) > 1 and statement.body["Effect"] == "Allow":
                    yield from (self._part(statement.id, pattern) for pattern in patterns)

    def drop(self, statement: Statement) -> Dropped | None:
        """Run without a statement; None if no scenario needs it.

        A scenario may end the same way all the same, such as one in which a start fails for another reason: the next
        that needs the statement is tried then.
        """
        dropped = None
        for before in self._runs_that_need(statement):
            dropped = self._drop(statement, before)
            if not dropped.problems:
                break
        return dropped

    def narrowed(self, statement: Statement) -> Iterator[str]:
        """Judge the calls again with each condition and the resources made to speak of something else.

        Returns what is judged as before all the same.
        """
        is_denial = _denies(statement)
        calls = [call for call in self.uses()[statement.id] if _is_alone(call, statement.id)]
        if not calls:  # it is excused, or told of elsewhere
            return
        self.stage.permissions.secure_transport = not is_denial
        for what, body in narrowings(statement.body):
            with self.stage.permissions.policies.changed(statement.id, body):
                if all(self._is_allowed(call) is not is_denial for call in calls):
                    yield f"{statement.id}: {what} doesn't matter"
        self.stage.permissions.secure_transport = True
        self.stage.take_calls()

    def _runs_that_need(self, statement: Statement) -> list[Run]:
        return [
            each
            for each in self.runs
            if each.scenario.in_plain_http is _denies(statement)
            and each.scenario.by_chance != statement.id.holder
            and any(_is_alone(call, statement.id) for call in each.calls)
        ]

    def _drop(self, statement: Statement, before: Run) -> Dropped:
        with self.stage.permissions.policies.without(statement.id):
            after = run(self.stage, before.scenario)
        actions = {call.need.action for call in before.calls if _is_alone(call, statement.id)}
        otherwise = [call for call in after.calls if call.allowed is _denies(statement) and call.need.action in actions]
        judged = otherwise[0] if otherwise else None
        return Dropped(statement.id, before.scenario, judged, before.outcome, after.outcome)

    def _part(self, statement: StatementId, pattern: str) -> Part:
        return part_of(statement, self.stage.readable(pattern))

    def _is_allowed(self, call: Call) -> bool:
        permissions = self.stage.permissions
        try:
            if call.need.action == "sts:AssumeRole":
                source = str(call.caller.context.get("aws:SourceArn", ""))
                permissions.take_on(call.need.resource, service=call.caller.principal, name="again", source=source)
            else:
                permissions.check(call.caller, [call.need], operation=call.operation)
        except DeniedError:
            return False
        return True


def warm(stage: Stage) -> None:
    """Start the functions' processes, so that no run is taken for slow that came first."""
    stage.outcome_of(stage.upload("first.wav", b"no recording"))
    stage.take_calls()


def run(stage: Stage, scenario: Scenario) -> Run:
    """Run a scenario."""
    for queue in ("FailedStartsQueueUrl", "FailedSettlementsQueueUrl"):  # what another scenario has left there
        stage.dead_letters(queue)
    stage.take_calls()
    began = time.monotonic()
    outcome = scenario.run(stage)
    return Run(scenario, outcome, stage.take_calls(), time.monotonic() - began)


def part_of(statement: StatementId, part: str = "") -> Part:
    """Return how a statement, or a part of it, is named in the tables; one without a Sid by its policy and position."""
    policy = statement.policy.rsplit("/", 1)[-1]
    name = statement.name if not statement.name.startswith("#") else f"{policy} {statement.name}"
    return Part(statement.holder, name, part)


def narrowings(body: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return a statement with its resources, and with each of its conditions, speaking of something else."""
    if as_list(body.get("Resource", "*")) != ["*"]:
        yield "its resource", {**body, "Resource": NOBODY}
    for operator, keys in body.get("Condition", {}).items():
        for key in keys:
            elsewhere = {**body["Condition"], operator: {**keys, key: NOBODY}}
            yield f"its condition on {key}", {**body, "Condition": elsewhere}


def as_list(value: Any) -> list[Any]:
    """Return the one or the many as a list."""
    return value if isinstance(value, list) else [value]


def _denies(statement: Statement) -> bool:
    return bool(statement.body["Effect"] == "Deny")


def _is_alone(call: Call, statement: StatementId) -> bool:
    speaking: Iterable[Any] = call.denials or call.grants
    return {grant.statement for grant in speaking} == {statement}


def _shown(value: Any) -> str:
    return ", ".join(str(each) for each in value) or "none" if isinstance(value, list) else str(value)
