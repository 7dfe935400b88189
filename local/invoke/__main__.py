"""`python -m local.invoke`."""

from local.invoke.command import app

app(prog_name="python -m local.invoke")
