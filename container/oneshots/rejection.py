"""What is wrong with a recording that no retry can mend."""

from typing import Literal

type RejectionCode = Literal["NOT_AUDIO", "NO_AUDIO_TRACK", "CORRUPT", "TOO_LONG", "OBJECT_GONE"]


class Rejection(Exception):  # noqa: N818 - a verdict on the recording, not a fault of the program
    """The recording cannot be processed, and it is the recording's fault.

    `code` is one of `RejectionCode`; `message` is one sentence for the person who made the upload.
    """

    def __init__(self, code: RejectionCode, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
