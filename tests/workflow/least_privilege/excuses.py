"""What no run needs and stays all the same, and every resource "*": each with its reason.

The tests hold these tables against the template and the runs: an excuse for what isn't there, or for what a run does
need, fails. Who adds a statement adds a scenario that needs it, or an excuse.
"""

from typing import NamedTuple


class Part(NamedTuple):
    """A statement of a role or of a resource's policy, or one of its actions or resources."""

    holder: str
    statement: str
    part: str = ""

    def __str__(self) -> str:
        return " ".join(each for each in self if each)


_LOG_DELIVERY = (
    "Step Functions sets up the delivery of the execution log with it when the state machine is made or changed; "
    "none of these calls is the workflow's. The list is AWS's: "
    "https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html"
)
_TRACES = (
    "Step Functions sends its X-Ray segments and asks for sampling rules with it, beside the workflow. "
    "The list is AWS's: "
    "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html"
)
_MACHINES = ("ProcessRecordingRole", "SettleRecordingsRole", "ReprocessRecordingsRole")

EXCUSED: dict[Part, str] = {
    **{Part(role, "DeliverLogs"): _LOG_DELIVERY for role in _MACHINES},
    **{Part(role, "Trace"): _TRACES for role in _MACHINES},
    Part("ProcessAudioTaskRole", "WriteResults", "s3:AbortMultipartUpload"): (
        "boto3 gives an upload in parts up with it when one of them fails for good; without it the others would be "
        "paid for until the bucket's lifecycle rule removes them"
    ),
    Part("ReprocessRecordingsRole", "WriteAndCountResults", "s3:ListMultipartUploadParts"): (
        "Step Functions writes large results of a Distributed Map in parts; the engine writes them in one. The list is "
        "AWS's: https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html"
    ),
    Part("ReprocessRecordingsRole", "WriteAndCountResults", "s3:AbortMultipartUpload"): (
        "as for s3:ListMultipartUploadParts"
    ),
    Part("ReprocessRecordingsRole", "WatchChildren", "states:DescribeExecution"): (
        "Step Functions follows the children of a Distributed Map with it; the engine's are threads that need no "
        "asking. The list is AWS's: https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html"
    ),
    Part("ReprocessRecordingsRole", "WatchChildren", "execution:ReprocessRecordings:*"): (
        "children of a Distributed Map are named with a slash, as the other resource has it; AWS's list has this one: "
        "https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html"
    ),
}

STAR_RESOURCES: dict[Part, str] = {
    **{
        Part(role, "DeliverLogs"): (
            "vended logs know no resources: https://docs.aws.amazon.com/service-authorization/latest/reference/"
            "list_amazoncloudwatchlogs.html"
        )
        for role in _MACHINES
    },
    **{
        Part(role, "Trace"): (
            "X-Ray's writes know no resources: https://docs.aws.amazon.com/service-authorization/latest/reference/"
            "list_awsx-ray.html"
        )
        for role in _MACHINES
    },
    **{
        Part(role, f"{policy} #1"): why
        for role in ("ValidateUploadRole", "ExtractMetadataRole", "PersistResultRole")
        for policy, why in (
            ("AWSLambdaBasicExecutionRole", "AWS's own policy, which SAM gives every function's role, for its log"),
            ("AWSXrayWriteOnlyAccess", "AWS's own policy, which SAM gives the role of a function with Tracing: Active"),
        )
    },
    Part("ProcessAudioExecutionRole", "LogInToRegistry"): (
        "ecr:GetAuthorizationToken knows no resources: https://docs.aws.amazon.com/service-authorization/latest/"
        "reference/list_amazonelasticcontainerregistry.html"
    ),
}
