import pytest


@pytest.fixture(autouse=True)
def _memory_of_the_test_process_is_not_the_commands(monkeypatch):
    """What pytest has used by then, with engines before it in the same process, counts for none of the command's."""
    monkeypatch.setenv("MEMORY_LIMIT_MB", "999999")
