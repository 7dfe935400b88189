"""The real template, as the tests of its branches have it."""

from tests.workflow.process_recording.conftest import stack

__all__ = ["stack"]
