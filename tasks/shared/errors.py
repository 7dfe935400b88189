"""The errors that the state machine decides on.

Step Functions sees the class name as `errorType`, so each class is named as the ASL's `ErrorEquals` names it: after
what happened, not after Python's custom of ending in Error.
"""

from enum import StrEnum


class RefusalCode(StrEnum):
    """Why an upload is refused. The codes are part of the record that the app reads."""

    INVALID_KEY = "INVALID_KEY"
    INVALID_USER = "INVALID_USER"
    UNSUPPORTED_EXTENSION = "UNSUPPORTED_EXTENSION"
    EMPTY_FILE = "EMPTY_FILE"
    TOO_LARGE = "TOO_LARGE"
    NOT_AUDIO = "NOT_AUDIO"
    FORMAT_MISMATCH = "FORMAT_MISMATCH"
    INVALID_PARAMETER = "INVALID_PARAMETER"
    OBJECT_GONE = "OBJECT_GONE"
    NO_AUDIO_TRACK = "NO_AUDIO_TRACK"
    CORRUPT = "CORRUPT"
    TOO_LONG = "TOO_LONG"


class InvalidUpload(Exception):  # noqa: N818
    """The upload itself is at fault: a retry cannot help. Its text is `CODE: sentence`.

    The state machine splits the text at the first `: ` into the record's `code` and `message`.

    Attributes:
        code: a `RefusalCode`, or the code the container wrote into the manifest of a rejected recording.
        message: one sentence naming the field, its value and what is allowed.

    """

    def __init__(self, code: str, message: str) -> None:
        self.code = str(code)
        self.message = message
        super().__init__(f"{self.code}: {message}")


class ResultMissing(Exception):  # noqa: N818
    """There is no manifest: the processing task ended without a result, and may be run again."""


class ResultInvalid(Exception):  # noqa: N818
    """The manifest breaks its contract: a fault of ours, which neither the user nor a retry can mend."""


class ClaimLost(Exception):  # noqa: N818
    """Another execution holds the recording now: this one must leave it alone."""


class AwsCallFailed(Exception):  # noqa: N818
    """A call to an AWS service failed beyond its own retries. The task may be run again.

    boto3 makes up a class for each error of each service; the state machine needs one name for all of them.
    """
