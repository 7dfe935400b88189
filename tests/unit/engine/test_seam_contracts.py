"""Every seam's contract: stock moto still misbehaves, and the seam mends it.

When a test of the first kind fails, upstream has mended the thing: remove the seam.
"""

import pkgutil
from typing import Any

import pytest

from local.engine import Engine, seams
from local.engine.seams import patching
from tests.unit.engine.contracts import CONTRACTS, Contract, seen

# what mends nothing of moto's
_NO_SEAMS = {"acting", "host", "managed_rules", "patching", "failures", "faults"}
_each = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.seam)


@_each
def test_given_the_seam_when_probed_then_it_shows_what_aws_shows(engine: Engine, contract: Contract) -> None:
    assert seen(contract, engine.client) == contract.expected


@_each
def test_given_stock_moto_when_probed_then_it_still_shows_something_else(
    stock: dict[str, Any], contract: Contract
) -> None:
    assert stock[contract.seam] != contract.expected


def test_given_the_seams_when_listed_then_each_has_a_contract() -> None:
    modules = {module.name for module in pkgutil.iter_modules(seams.__path__)}

    assert modules - _NO_SEAMS == {contract.seam for contract in CONTRACTS}


def test_given_a_name_that_moto_lost_when_replaced_then_the_error_names_it() -> None:
    with pytest.raises(patching.SeamError, match=r"has no Contract\.no_such_thing"):
        patching.replace(Contract, "no_such_thing", None)
