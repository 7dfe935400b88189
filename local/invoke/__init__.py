"""Single functions, as `sam build` makes them, invoked on this machine."""
