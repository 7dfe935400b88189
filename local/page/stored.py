"""Objects of the bucket, sent to the browser as data that can do nothing there."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError
from flask import Response, request
from werkzeug.exceptions import NotFound

from local.execution.media_types import media_type
from local.execution.reader import StoredFile
from local.page.guard import STORED

_CHUNK = 256 * 1024
_ONE_RANGE = re.compile(r"bytes=([0-9]+-[0-9]*|-[0-9]+)", re.ASCII)


def send(s3: Any, stored: StoredFile) -> Response:
    """Return an object, or the range of it that the request asks for.

    Raises:
        NotFound: it is not in the bucket.

    """
    asked: dict[str, Any] = {"Bucket": stored.bucket, "Key": stored.key}
    if stored.version:
        asked["VersionId"] = stored.version
    if _ONE_RANGE.fullmatch(request.headers.get("Range", "")):
        asked["Range"] = request.headers["Range"]  # any other is left out, as HTTP allows
    try:
        answer = s3.get_object(**asked)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return Response(status=status, headers=STORED)
        if status != HTTPStatus.NOT_FOUND:
            raise
        raise NotFound("It is not in the bucket any more.") from error
    response = Response(_chunks(answer["Body"]), status=answer["ResponseMetadata"]["HTTPStatusCode"])
    response.headers.update(STORED)
    response.mimetype = media_type(stored.key)
    response.headers["Accept-Ranges"] = "bytes"
    response.content_length = answer["ContentLength"]
    if "ContentRange" in answer:
        response.headers["Content-Range"] = answer["ContentRange"]
    return response


def _chunks(body: Any) -> Iterator[bytes]:
    with body:
        yield from iter(lambda: body.read(_CHUNK), b"")
