"""What Ref returns.

moto: an event bus doesn't know its physical id, so that a Ref to it is the Python object.
Here: it does.
Upstream: no issue found.
"""

from moto.events.models import EventBus

from local.engine.seams.patching import add


def install() -> None:
    """Give it its id."""
    add(EventBus, "physical_resource_id", property(lambda bus: bus.name))
