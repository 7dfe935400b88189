"""What can go wrong before anything runs."""


class EngineError(Exception):
    """The engine can't do what it was asked for."""


class EngineStoppedError(EngineError):
    """The engine has stopped, and starts nothing any more."""


class TemplateError(EngineError):
    """The template, or a file that it points at, can't be used."""


class DeploymentError(EngineError):
    """The translated template was refused at deployment."""
