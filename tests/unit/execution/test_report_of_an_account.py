"""What is said where an account does not answer."""

import pytest
from botocore.exceptions import EndpointConnectionError

from local.report import NotReported, read
from tests.unit.execution.answers import DENIED, Answers

ARN = "arn:aws:states:eu-west-1:123456789012:execution:m:e1"


@pytest.mark.parametrize(
    ("code", "profile", "says"),
    [
        ("ExpiredTokenException", "musician", "sign in, as by `aws sso login --profile musician`"),
        ("UnrecognizedClientException", None, "name a --profile, or set AWS_PROFILE"),
        ("InvalidSignatureException", None, "AWS does not take the credentials (InvalidSignatureException: because)"),
    ],
)
def test_given_credentials_that_aws_does_not_take_when_read_then_what_to_do(
    code: str, profile: str | None, says: str
) -> None:
    answers = Answers()
    answers.refuse("stepfunctions", "describe_execution", code, "because", 400)

    with pytest.raises(NotReported) as raised:
        read(ARN, answers.client, profile)

    assert says in str(raised.value)


def test_given_no_leave_to_describe_when_read_then_what_is_missing() -> None:
    answers = Answers()
    answers.refuse("stepfunctions", "describe_execution", *DENIED)

    with pytest.raises(NotReported, match=r"can't be read: AccessDeniedException: User: arn:aws:iam"):
        read(ARN, answers.client, None)


def test_given_no_such_endpoint_when_read_then_that() -> None:
    class Unreachable:
        def describe_execution(self, **_: str) -> None:
            raise EndpointConnectionError(endpoint_url="https://states.nowhere.example")

    with pytest.raises(NotReported, match="AWS could not be asked: Could not connect"):
        read(ARN, lambda _: Unreachable(), None)
