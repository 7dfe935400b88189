"""What operations of S3 need: many share an action, and versions, tags and copies have actions of their own.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from local.engine.permissions.calls import Need
from local.engine.permissions.facts import Facts

# Of buckets and of objects: operations that are named otherwise than their action.
_OF_BUCKETS = {
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
}
_OF_OBJECTS = {
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "GetObjectAttributes": "GetObjectAttributes",
    "HeadObject": "GetObject",
    "ListParts": "ListMultipartUploadParts",
    "UploadPart": "PutObject",
}
# With a version's id these are actions of their own.
_OF_VERSIONS = {
    "DeleteObject": "DeleteObjectVersion",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectAttributes": "GetObjectVersionAttributes",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
}
_COPIES = {"CopyObject", "UploadPartCopy"}
_WRITES = {"CopyObject", "CreateMultipartUpload", "PutObject"}


def needs_of(operation: str, given: Mapping[str, Any], facts: Facts) -> list[Need] | None:
    """Return what an operation needs; None for one that has no bucket."""
    bucket, key = given.get("Bucket"), given.get("Key")
    if bucket is None:
        return None
    if operation == "DeleteObjects":
        return [
            Need(
                f"s3:{'DeleteObjectVersion' if each.get('VersionId') else 'DeleteObject'}",
                object_arn(bucket, each["Key"]),
            )
            for each in given["Delete"]["Objects"]
        ]
    if key is None:
        return [Need(f"s3:{_OF_BUCKETS.get(operation, operation)}", f"arn:aws:s3:::{bucket}", _listing(given))]
    if operation in _COPIES:
        return [*_of_copy(operation, given, facts), *_of_write(operation, given)]
    action, context = _versioned(_OF_OBJECTS.get(operation, operation), given.get("VersionId"))
    return [Need(f"s3:{action}", object_arn(bucket, key), context), *_of_write(operation, given)]


def object_arn(bucket: str, key: str) -> str:
    """Return an object's ARN."""
    return f"arn:aws:s3:::{bucket}/{key}"


def source_of(copy_source: str) -> tuple[str, str, str | None]:
    """Return the bucket, key and version that an x-amz-copy-source header names."""
    path, _, query = copy_source.partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    version = parse_qs(query).get("versionId", [None])[0]
    return bucket, key, version


def _of_copy(operation: str, given: Mapping[str, Any], facts: Facts) -> list[Need]:
    bucket, key, version = source_of(given["CopySource"])
    action, context = _versioned("GetObject", version)
    needs = [
        Need(f"s3:{action}", object_arn(bucket, key), context),
        Need("s3:PutObject", object_arn(given["Bucket"], given["Key"])),
    ]
    # tags go along unless they are replaced, and are read and written as tags
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    copies_tags = operation == "CopyObject" and given.get("TaggingDirective", "COPY") == "COPY"
    if copies_tags and facts.has_tags(bucket, key, version):
        action, context = _versioned("GetObjectTagging", version)
        needs.append(Need(f"s3:{action}", object_arn(bucket, key), context))
        needs.append(Need("s3:PutObjectTagging", object_arn(given["Bucket"], given["Key"])))
    return needs


def _of_write(operation: str, given: Mapping[str, Any]) -> list[Need]:
    if operation not in _WRITES:
        return []
    written = object_arn(given["Bucket"], given["Key"])
    needs = []
    if given.get("Tagging"):
        needs.append(Need("s3:PutObjectTagging", written))
    if given.get("ACL") or any(name.startswith("Grant") for name in given):
        needs.append(Need("s3:PutObjectAcl", written))
    return needs


def _versioned(action: str, version_id: str | None) -> tuple[str, dict[str, str | list[str]]]:
    if version_id is None:
        return action, {}
    return _OF_VERSIONS.get(action, action), {"s3:VersionId": version_id}


def _listing(given: Mapping[str, Any]) -> dict[str, str | list[str]]:
    keys = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys"}
    return {key: str(given[name]) for name, key in keys.items() if name in given}
