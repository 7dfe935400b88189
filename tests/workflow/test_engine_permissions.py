"""Permissions on the engine: what a role may not do is refused as the service would."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.engine import Engine, EngineError
from local.engine.clients import make_client
from local.engine.permissions.calls import Call
from local.engine.permissions.evaluator import Evaluator
from local.engine.permissions.permissions import Permissions
from local.engine.permissions.statements import Policies, RolePolicies, Statement, StatementId
from tests import running_engine
from tests.workflow.conftest import SMALL_PROJECT

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tester"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:t"
SERVICE = "tester.amazonaws.com"
TRUST = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}


@pytest.fixture
def engine() -> Engine:
    """Return the small project with its permissions enforced."""
    return running_engine.engine_of(
        "sam_project enforced", lambda: Engine.deploy(SMALL_PROJECT, time_scale=0, enforce_permissions=True)
    )


class Role:
    """A role that may do what the tests say."""

    def __init__(self, engine: Engine) -> None:
        assert engine.permissions is not None
        self.engine = engine
        self.permissions: Permissions = engine.permissions
        self.calls: list[Call] = []
        self.bucket = engine.outputs["InboxName"]
        self.permissions.observers.append(self.calls.append)
        self.may()

    def may(self, *statements: dict[str, Any], trust: dict[str, Any] = TRUST) -> None:
        numbered = [Statement(StatementId("Tester", "p", f"#{n}"), body) for n, body in enumerate(statements)]
        trusts = (Statement(StatementId("Tester", "trust", "#1"), trust),)
        self.permissions.policies = Policies([RolePolicies("Tester", ROLE, trusts, tuple(numbered))])

    def client(self, service: str) -> Any:
        session = self.permissions.take_on(ROLE, service=SERVICE, name="test")
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        return make_client(
            service,
            region=self.engine.region,
            port=self.engine.port,
            config=config,
            credentials=session.as_variables(),
        )


@pytest.fixture
def role(engine: Engine) -> Iterator[Role]:
    assert engine.permissions is not None
    deployed = engine.permissions.policies
    role = Role(engine)
    yield role
    engine.permissions.policies = deployed
    engine.permissions.observers.remove(role.calls.append)


def allow(action: str | list[str], resource: str | list[str], **condition: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": action,
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    }


def refusal(call: Any, **parameters: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 404 or answer["ResponseMetadata"]["RequestId"]
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("service", "operation", "parameters", "expected"),
        [
            ("s3", "get_object", {"Bucket": "BUCKET", "Key": "in/x"}, ("AccessDenied", 403)),
            ("s3", "head_object", {"Bucket": "BUCKET", "Key": "in/x"}, ("403", 403)),
            ("s3", "put_object", {"Bucket": "BUCKET", "Key": "in/x", "Body": b"x"}, ("AccessDenied", 403)),
            ("dynamodb", "get_item", {"TableName": "t", "Key": {"id": {"S": "1"}}}, ("AccessDeniedException", 400)),
            ("lambda", "invoke", {"FunctionName": "f"}, ("AccessDeniedException", 403)),
            ("ecs", "run_task", {"taskDefinition": "local-pack"}, ("AccessDeniedException", 400)),
            ("events", "put_events", {"Entries": [{"Source": "s"}]}, ("AccessDeniedException", 400)),
            ("stepfunctions", "start_execution", {"stateMachineArn": "MACHINE"}, ("AccessDeniedException", 400)),
            ("sqs", "send_message", {"QueueUrl": "QUEUE", "MessageBody": "m"}, ("AccessDenied", 400)),
            ("sns", "publish", {"TopicArn": TOPIC, "Message": "m"}, ("AccessDenied", 403)),
            ("logs", "describe_log_groups", {}, ("AccessDeniedException", 400)),
        ],
    )  # fmt: skip
    def test_given_a_role_that_may_do_nothing_when_it_calls_then_the_service_s_own_error_comes(
        self, role: Role, service: str, operation: str, parameters: dict[str, Any], expected: tuple[str, int]
    ) -> None:
        outputs = role.engine.outputs
        names = {"BUCKET": role.bucket, "MACHINE": outputs["HandleArn"], "QUEUE": outputs["FailedStartsUrl"]}
        given = {
            name: names.get(value, value) if isinstance(value, str) else value for name, value in parameters.items()
        }

        assert refusal(getattr(role.client(service), operation), **given) == expected
        assert role.calls[-1].allowed is False

    def test_given_a_refusal_then_it_says_who_may_not_do_what_on_which_resource(self, role: Role) -> None:
        with pytest.raises(ClientError) as caught:
            role.client("s3").get_object(Bucket=role.bucket, Key="in/x")

        assert caught.value.response["Error"]["Message"] == (
            f"User: arn:aws:sts::{ACCOUNT}:assumed-role/tester/test is not authorized to perform: s3:GetObject on "
            f'resource: "arn:aws:s3:::{role.bucket}/in/x" because no identity-based policy allows the s3:GetObject '
            "action"
        )

    def test_given_an_operation_that_nothing_is_known_of_when_called_then_it_is_refused(self, role: Role) -> None:
        role.may(allow("*", "*"))

        # AWS names its action otherwise, and no table here says so
        assert refusal(role.client("s3").get_bucket_lifecycle_configuration, Bucket=role.bucket) == (
            "AccessDenied",
            403,
        )

    def test_given_a_role_that_may_not_be_taken_on_then_the_denial_says_so(self, role: Role) -> None:
        role.may(trust={**TRUST, "Principal": {"Service": "other.amazonaws.com"}})

        with pytest.raises(EngineError, match=r"tester\.amazonaws\.com is not authorized to perform: sts:AssumeRole"):
            role.client("s3")


class TestObjects:
    @pytest.mark.parametrize(
        "name", ["a*b?.wav", "naïve 日本.wav", "a+b 100%25.wav", "x/../y", "..", "${aws:username}"]
    )
    def test_given_an_object_s_name_then_it_is_taken_literally(self, role: Role, name: str) -> None:
        role.may(allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{role.bucket}/in/*"))
        s3 = role.client("s3")

        s3.put_object(Bucket=role.bucket, Key=f"in/{name}", Body=b"x")

        assert s3.get_object(Bucket=role.bucket, Key=f"in/{name}")["Body"].read() == b"x"
        assert refusal(s3.put_object, Bucket=role.bucket, Key=f"out/{name}", Body=b"x") == ("AccessDenied", 403)

    def test_given_a_name_with_a_wildcard_then_it_opens_no_other_object(self, role: Role) -> None:
        role.may(allow("s3:PutObject", f"arn:aws:s3:::{role.bucket}/in/mine"))

        assert refusal(role.client("s3").put_object, Bucket=role.bucket, Key="in/min*", Body=b"")[0] == "AccessDenied"
        assert refusal(role.client("s3").put_object, Bucket=role.bucket, Key="*", Body=b"")[0] == "AccessDenied"

    def test_given_an_object_that_is_not_there_then_only_who_may_list_is_told(self, role: Role) -> None:
        reads = allow("s3:GetObject", f"arn:aws:s3:::{role.bucket}/*")
        role.may(reads)
        assert refusal(role.client("s3").get_object, Bucket=role.bucket, Key="nothing") == ("AccessDenied", 403)
        assert refusal(role.client("s3").head_object, Bucket=role.bucket, Key="nothing") == ("403", 403)

        role.may(reads, allow("s3:ListBucket", f"arn:aws:s3:::{role.bucket}"))
        assert refusal(role.client("s3").get_object, Bucket=role.bucket, Key="nothing") == ("NoSuchKey", 404)
        assert refusal(role.client("s3").head_object, Bucket=role.bucket, Key="nothing") == ("404", 404)

    def test_given_a_copy_then_tags_are_needed_only_where_there_are_some(self, role: Role) -> None:
        inbox = role.engine.client("s3")
        inbox.put_object(Bucket=role.bucket, Key="plain", Body=b"x")
        inbox.put_object(Bucket=role.bucket, Key="tagged", Body=b"x", Tagging="a=b")
        role.may(allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{role.bucket}/*"))

        def copy(name: str) -> dict[str, Any]:
            return {"Bucket": role.bucket, "Key": "copy", "CopySource": {"Bucket": role.bucket, "Key": name}}

        role.client("s3").copy_object(**copy("plain"))
        assert refusal(role.client("s3").copy_object, **copy("tagged")) == ("AccessDenied", 403)

    def test_given_a_presigned_address_then_it_opens_what_its_role_may(self, role: Role) -> None:
        role.engine.client("s3").put_object(Bucket=role.bucket, Key="in/x", Body=b"hello")
        role.may(allow("s3:GetObject", f"arn:aws:s3:::{role.bucket}/in/*"))
        url = role.client("s3").generate_presigned_url("get_object", Params={"Bucket": role.bucket, "Key": "in/x"})
        with urllib.request.urlopen(url) as answer:  # noqa: S310 - the engine's own
            assert answer.read() == b"hello"

        role.may()
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url)  # noqa: S310
        assert refused.value.code == 403


class TestConditions:
    def test_given_a_condition_on_the_prefix_then_other_listings_are_refused(self, role: Role) -> None:
        role.may(allow("s3:ListBucket", f"arn:aws:s3:::{role.bucket}", StringLike={"s3:prefix": "in/*"}))
        s3 = role.client("s3")

        s3.list_objects_v2(Bucket=role.bucket, Prefix="in/mine")

        assert refusal(s3.list_objects_v2, Bucket=role.bucket, Prefix="out/") == ("AccessDenied", 403)
        assert refusal(s3.list_objects_v2, Bucket=role.bucket) == ("AccessDenied", 403)

    def test_given_a_key_that_aws_does_not_have_for_an_action_then_nothing_is_allowed(self, role: Role) -> None:
        resource = role.engine.outputs["HandleArn"]
        role.may(allow("states:StartExecution", resource, StringEquals={"ecs:cluster": "any"}))

        assert refusal(role.client("stepfunctions").start_execution, stateMachineArn=resource)[0] == (
            "AccessDeniedException"
        )

    def test_given_a_deny_then_it_beats_every_allow(self, role: Role) -> None:
        role.may(allow("s3:*", "*"), {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"})
        s3 = role.client("s3")

        s3.put_object(Bucket=role.bucket, Key="in/x", Body=b"x")

        assert refusal(s3.get_object, Bucket=role.bucket, Key="in/x") == ("AccessDenied", 403)
        assert role.calls[-1].refusal.endswith("with an explicit deny in a policy")


class TestServices:
    def test_given_a_function_then_it_calls_with_its_own_role(self, engine: Engine) -> None:
        assert engine.permissions is not None
        session = engine.invoke_function("Greet", json.dumps({"do": "environment"}).encode())

        variables = json.loads(session.payload)["variables"]
        caller = engine.permissions.session(variables["AWS_ACCESS_KEY_ID"])
        assert caller is not None
        assert caller.caller.role == engine.functions[engine.resources["Greet"]].role
        assert variables["AWS_SESSION_TOKEN"] == caller.token

    def test_given_a_task_without_a_role_then_it_may_do_nothing(self, role: Role) -> None:
        session = role.permissions.in_own_name("task-without-role", source="pack")

        assert session.caller.role == ""
        s3 = make_client(
            "s3",
            region=role.engine.region,
            port=role.engine.port,
            config=Config(s3={"addressing_style": "path"}),
            credentials=session.as_variables(),
        )
        assert refusal(s3.get_object, Bucket=role.bucket, Key="x") == ("AccessDenied", 403)

    def test_given_the_engine_s_user_then_nothing_is_judged(self, role: Role) -> None:
        role.engine.client("s3").put_object(Bucket=role.bucket, Key="elsewhere/x", Body=b"x")

        assert role.calls == []


class TestEvaluator:
    def test_given_no_packages_then_the_error_says_what_brings_them(self, tmp_path: Any) -> None:
        with pytest.raises(EngineError, match="make node-modules"):
            Evaluator(tmp_path)

    def test_given_an_evaluator_that_has_ended_when_asked_then_it_says_so_and_allows_nothing(self, role: Role) -> None:
        permissions = Permissions(account=ACCOUNT, region="us-east-1")
        permissions.close()
        permissions.close()

        with pytest.raises(EngineError, match="has ended"):
            permissions.take_on(ROLE, service=SERVICE, name="late")
