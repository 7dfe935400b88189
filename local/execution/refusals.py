"""Why AWS refuses a call, in words."""

from botocore.exceptions import ClientError

# whoever calls is nobody, or is not any more: there is no use in asking for anything else
_NOBODY = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


def code(error: ClientError) -> str:
    """Return the error's name."""
    return str(error.response["Error"]["Code"])


def http_status(error: ClientError) -> int:
    """Return the status of the answer."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


def is_of_nobody(error: ClientError) -> bool:
    """Whether AWS doesn't know who calls, so that every other call would be refused as well."""
    return code(error) in _NOBODY


def reason(error: ClientError) -> str:
    """Return the error's name and message; S3 gives but a status where an object's head was asked for."""
    message = error.response["Error"].get("Message") or "no message"
    if code(error).isdigit():
        return f"{error.operation_name} was answered by {code(error)} {message}"
    return f"{code(error)}: {message}"
