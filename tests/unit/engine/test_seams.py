import pytest

from local.engine import EngineError
from local.engine.seams import patching


def test_given_a_moto_without_what_a_seam_replaces_when_installed_then_an_engine_error_names_it() -> None:
    class Moto:
        pass

    with pytest.raises(EngineError, match=r"Moto\.gone, which the engine replaces"):
        patching.replace(Moto, "gone", None)
