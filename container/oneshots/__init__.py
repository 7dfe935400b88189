"""Turns one recording into clean one-shots: found, cut, levelled, described.

`python -m oneshots` is the command and the task. Only `oneshots.task` knows AWS; everything else takes arrays,
rates and paths.
"""

__version__ = "0.1.0"
