"""What keeps a command from its end."""


class NotDone(Exception):  # noqa: N818 - it says what became of the command
    """Something is missing, or AWS has something else than expected; the text says what, and what to do."""


class Missing(NotDone):
    """Something that a command needs is not there, and nothing was done."""
