"""Rules that fire by the clock; moto keeps their schedules and never fires them."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from local.engine.seams import event_targets
from local.engine.service_events import service_event

_LOG = logging.getLogger(__name__)
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60.0, "hour": 3600.0, "day": 86_400.0}
_SHORTEST_SECONDS = 1.0
_TICK_SECONDS = 0.25
_CLOSE_SECONDS = 2.0


def period(expression: str | None) -> float | None:
    """Return the seconds between two firings of a `rate(...)`; None for a `cron(...)`, and without a schedule."""
    found = _RATE.fullmatch(expression or "")
    return int(found[1]) * _SECONDS[found[2]] if found else None


class Schedules:
    """Fires rules as their rates say.

    Args:
        rules: tells the rules that there are now.
        time_scale: what the periods are multiplied by; at 0 nothing ever fires by itself. No rule fires
            more often than once a second.

    """

    def __init__(self, rules: Callable[[], Iterable[Any]], *, time_scale: float) -> None:
        self._rules = rules
        self._time_scale = time_scale
        self._due: dict[tuple[str, str], float] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)
        if time_scale > 0:
            self._thread.start()

    def close(self) -> None:
        """Fire no more; waits for what is being delivered, for two seconds at most."""
        self._closed.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._closed.wait(_TICK_SECONDS):
            for rule in self._rules():
                if self._is_due(rule) and not self._closed.is_set():
                    _fire_and_go_on(rule)

    def _is_due(self, rule: Any) -> bool:
        seconds = period(rule.scheduled_expression)
        if seconds is None or rule.state != "ENABLED":
            return False
        seconds = max(_SHORTEST_SECONDS, seconds * self._time_scale)
        now, key = time.monotonic(), (rule.name, rule.scheduled_expression)
        # as on AWS, a rate counts from when the rule was made
        if now < self._due.setdefault(key, now + seconds):
            return False
        self._due[key] = now + seconds
        return True


def _fire_and_go_on(rule: Any) -> None:
    try:
        fire(rule)
    except Exception:  # noqa: BLE001 - the other rules have their times too
        _LOG.exception("The rule %s could not fire", rule.name)


def fire(rule: Any) -> dict[str, Any]:
    """Deliver a scheduled event to a rule's targets; returns the event."""
    event = service_event(
        "Scheduled Event",
        source="aws.events",
        account=rule.account_id,
        region=rule.region_name,
        resource=rule.arn,
        detail={},
    )
    event_targets.deliver_to_targets(rule, event)
    return event
