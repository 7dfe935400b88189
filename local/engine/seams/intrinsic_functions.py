"""Intrinsic functions of templates.

moto: leaves Fn::Cidr and Fn::Base64 in place as they are written.
Here: both are evaluated.
Upstream: no issue found for Fn::Cidr.
"""

import base64
import ipaddress
from typing import Any

from moto.cloudformation import parsing

from local.engine.seams.patching import replace

_clean = parsing.clean_json


def install() -> None:
    """Evaluate what moto leaves."""
    replace(parsing, "clean_json", _evaluate)


def _evaluate(node: Any, resources_map: Any) -> Any:
    match node:
        case {"Fn::Cidr": arguments}:
            block, count, *bits = parsing.clean_json(arguments, resources_map)
            return cidr(str(block), int(count), int(bits[0]) if bits else 8)
        case {"Fn::Base64": text}:
            return base64.b64encode(str(parsing.clean_json(text, resources_map)).encode()).decode()
    return _clean(node, resources_map)


def cidr(block: str, count: int, bits: int) -> list[str]:
    """Return the first `count` blocks with `bits` host bits within an address block."""
    network = ipaddress.ip_network(block)
    subnets = network.subnets(new_prefix=network.max_prefixlen - bits)
    return [str(subnet) for subnet, _ in zip(subnets, range(count), strict=False)]
