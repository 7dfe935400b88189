"""What keeps a function from being invoked."""


class InvokeError(Exception):
    """The function could not be built, started or asked; the text says what to do. Not an error of the function's."""
