"""What Ref returns.

moto: an event bus and a function's version don't know their physical id, so that a Ref to one is the Python
object.
Here: they do.
Upstream: no issue found.
"""

from moto.awslambda.models import LambdaVersion
from moto.events.models import EventBus

from local.engine.seams.patching import add


def install() -> None:
    """Give them their ids."""
    add(EventBus, "physical_resource_id", property(lambda bus: bus.name))
    add(LambdaVersion, "physical_resource_id", property(repr))
