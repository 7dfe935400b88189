"""How well, how fast and in how much memory the engine works, beside other ways to do it: `python -m bench`."""
