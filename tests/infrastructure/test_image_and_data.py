"""What `make deploy` does with the image and `make destroy` with the data, on moto's server."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from operate.aws import Aws
from operate.deploy import Deployment
from operate.destroy import Data, delete_data, destroy, running
from operate.destroy import app as destroy_command
from operate.environments import Environment
from operate.errors import NotDone
from operate.image import Builder, Repository, Source, base_image
from operate.stacks import BOOTSTRAP, REPOSITORY, Stacks, make_ecs_role
from operate.stand_in import stand_in

ANY_TEMPLATE = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
DIGEST_A = f"sha256:{'a' * 64}"
BASE = f"python:3.13@{DIGEST_A}"
DIRTY = Source("0123456789ab-dirty", "https://git.example.com/any")
UNVERSIONED = Source("unversioned", "unknown")
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})


@pytest.fixture(scope="module", autouse=True)
def _aws() -> Iterator[None]:
    with stand_in():
        yield


@pytest.fixture(scope="module")
def repository() -> Repository:
    return Repository(boto3.client("ecr"), Stacks(Aws(), patient=False).bootstrap()["RepositoryUri"])


class Program:
    """A builder's commands: podman's, whose push puts an image into the repository and tells a digest."""

    def __init__(self, told: str | None = None) -> None:
        self.commands: list[list[str]] = []
        self._told = told
        self.pushed = ""

    def __call__(self, command: list[str]) -> None:
        self.commands.append(command)
        if command[1] == "push":
            name, _, tag = command[-1].partition("/")[2].partition(":")
            image = boto3.client("ecr").put_image(repositoryName=name, imageManifest=MANIFEST, imageTag=tag)["image"]
            self.pushed = image["imageId"]["imageDigest"]
            Path(command[command.index("--digestfile") + 1]).write_text(f"{self._told or self.pushed}\n")


class TestBootstrap:
    def test_given_the_bootstrap_stack_when_made_again_then_it_stays_and_is_guarded(
        self, repository: Repository
    ) -> None:
        again = Stacks(Aws(), patient=False).bootstrap()

        (stack,) = boto3.client("cloudformation").describe_stacks(StackName=BOOTSTRAP)["Stacks"]
        assert again["RepositoryUri"] == repository.uri
        assert again["ArtifactsBucketName"]
        assert stack["EnableTerminationProtection"] is True

    @pytest.mark.parametrize(
        ("statuses", "calls"),
        [
            (["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"], ["update_stack"]),
            (["ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"], ["unguard", "delete_stack", "create_stack"]),
            (["REVIEW_IN_PROGRESS"], ["delete_stack", "create_stack"]),
        ],
    )
    def test_given_a_bootstrap_stack_that_is_not_done_then_it_is_waited_for_or_made_anew(
        self, statuses: list[str], calls: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        protected = statuses[-1] == "ROLLBACK_COMPLETE"
        cloudformation = Mock()
        cloudformation.describe_stacks.side_effect = lambda **_: {
            "Stacks": [
                {
                    "StackName": BOOTSTRAP,
                    "StackStatus": statuses.pop(0) if len(statuses) > 1 else statuses[0],
                    "EnableTerminationProtection": protected,
                }
            ]
        }
        ecr = Mock()
        missing = {"Error": {"Code": "RepositoryNotFoundException"}}
        ecr.describe_repositories.side_effect = ClientError(missing, "DescribeRepositories")
        clients = {"cloudformation": cloudformation, "ecr": ecr}
        pauses: list[float] = []
        monkeypatch.setattr("operate.stacks.time.sleep", pauses.append)
        waits = len(statuses) - 1

        Stacks(Mock(client=clients.__getitem__)).bootstrap()

        names = {"update_termination_protection": "unguard"}
        done = [names.get(name, name) for name, _, _ in cloudformation.method_calls]
        assert [name for name in done if name not in {"describe_stacks", "get_waiter"}] == calls
        assert len(pauses) == waits

    def test_given_a_repository_that_a_deleted_stack_left_then_it_is_said_what_ends_it(self) -> None:
        cloudformation = Mock()
        absent = ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
        cloudformation.describe_stacks.side_effect = absent
        clients = {"cloudformation": cloudformation, "ecr": Mock()}

        with pytest.raises(NotDone, match=f"delete-repository --force --repository-name {REPOSITORY}$"):
            Stacks(Mock(client=clients.__getitem__)).bootstrap()

        cloudformation.create_stack.assert_not_called()

    def test_given_the_template_then_its_repository_is_the_one_that_is_looked_for(self, repository: Repository) -> None:
        assert repository.uri.endswith(f"/{REPOSITORY}")

    def test_given_the_role_of_ecs_when_it_is_there_already_then_that_is_fine(self) -> None:
        iam = boto3.client("iam")

        make_ecs_role(iam)
        make_ecs_role(iam)

        roles = iam.list_roles(PathPrefix="/aws-service-role/ecs.amazonaws.com/")["Roles"]
        assert len(roles) == 1


class TestImage:
    def test_given_a_builder_when_it_has_pushed_then_the_image_is_named_by_the_digest_that_the_registry_has(
        self, repository: Repository
    ) -> None:
        run = Program()

        uri = repository.build_and_push(Builder("true"), DIRTY, "arm64", BASE, run)

        build, push = run.commands
        assert uri == f"{repository.uri}@{run.pushed}" == repository.image(run.pushed)
        assert build[build.index("--platform") + 1] == "linux/arm64"
        assert {each for each in build if "=" in each} == {
            "VERSION=0123456789ab-dirty",
            "REVISION=0123456789ab-dirty",
            "SOURCE=https://git.example.com/any",
            f"PYTHON_IMAGE={BASE}",
        }
        assert push[-1].startswith(f"{repository.uri}:20")

    def test_given_a_commit_that_was_built_when_deployed_again_then_its_image_is_taken(
        self, repository: Repository
    ) -> None:
        first, again, other_base = Program(), Program(), Program()
        source, newer = Source("fedcba987654", "unknown"), BASE.replace("a", "b")

        built = repository.build_and_push(Builder("true"), source, "arm64", BASE, first)
        taken = repository.build_and_push(Builder("true"), source, "arm64", BASE, again)
        repository.build_and_push(Builder("true"), source, "arm64", newer, other_base)

        assert taken == built
        assert [len(each.commands) for each in (first, again, other_base)] == [2, 0, 2]
        assert first.commands[1][-1] == f"{repository.uri}:fedcba987654-arm64-aaaaaaaaaaaa"

    @pytest.mark.parametrize("source", [DIRTY, UNVERSIONED])
    def test_given_no_commit_that_tells_what_is_built_then_it_is_built_each_time(
        self, repository: Repository, source: Source
    ) -> None:
        for _ in range(2):
            run = Program()
            repository.build_and_push(Builder("true"), source, "arm64", BASE, run)

            assert len(run.commands) == 2

    @pytest.mark.parametrize(
        ("program", "told", "runs"),
        [
            ("docker", f'"{DIGEST_A}"', []),
            ("podman", DIGEST_A, [["podman", "pull", "--platform", "linux/arm64", "python:3.13"]]),
        ],
    )
    def test_given_a_base_by_its_tag_then_it_is_pinned_to_the_digest_that_the_tag_has(
        self, program: str, told: str, runs: list[list[str]]
    ) -> None:
        ran: list[list[str]] = []
        builder = Builder(program, read=lambda _: told)

        assert builder.pinned("python:3.13", "linux/arm64", ran.append) == f"python:3.13@{DIGEST_A}"
        assert ran == runs
        assert builder.pinned(BASE, "linux/arm64", pytest.fail) == BASE

    def test_given_a_base_without_a_digest_then_nothing_is_built(self) -> None:
        with pytest.raises(NotDone, match=r"tells no digest of python:3.13: '<none>'"):
            Builder("podman", read=lambda _: "<none>").pinned("python:3.13", "linux/arm64", lambda _: None)

    def test_given_the_dockerfile_then_its_base_is_a_tag_of_python(self) -> None:
        assert re.fullmatch(r"python:3\.13\.\d+-slim-\w+", base_image())

    def test_given_an_origin_with_credentials_then_they_are_not_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answers = {"remote": "https://me:secret@git.example.com/any.git", "rev-parse": "0123456789ab", "status": "?? a"}
        monkeypatch.setattr("operate.image._git", lambda command, *_: answers[command])

        assert Source.here() == Source("0123456789ab-dirty", "https://git.example.com/any.git")

    def test_given_a_builder_that_tells_another_digest_then_nothing_is_deployed(self, repository: Repository) -> None:
        other = f"sha256:{'0' * 64}"

        with pytest.raises(NotDone, match=f"pushed {other}, and .* is sha256:"):
            repository.build_and_push(Builder("true"), DIRTY, "x86_64", BASE, Program(other))

    def test_given_a_digest_that_is_not_there_then_it_is_said_how_it_gets_there(self, repository: Repository) -> None:
        missing = f"sha256:{'1' * 64}"

        with pytest.raises(
            NotDone,
            match=rf"has no image {missing}[\s\S]+imagetools create --prefer-index=false --tag {repository.uri}:",
        ):
            repository.image(missing)


class TestDeployment:
    """Of an image that is there, with `sam` replaced by what it does to the stack."""

    @pytest.fixture
    def digest(self, repository: Repository) -> str:
        return repository.build_and_push(Builder("true"), DIRTY, "arm64", BASE, Program()).partition("@")[2]

    def test_given_a_change_set_that_is_declined_then_nothing_counts_as_deployed(
        self, digest: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def sam(command: list[str]) -> None:
            if command[1] == "deploy":
                a_change_set("declined")

        monkeypatch.setattr("operate.deploy._run", sam)
        monkeypatch.setattr("operate.deploy.smoke", lambda *_: pytest.fail("tested"))
        monkeypatch.setattr(Stacks, "guard", lambda *_: pytest.fail("guarded"))
        prod = Environment("prod", "declined", {"Architecture": "arm64"})

        with pytest.raises(NotDone, match="nothing was deployed"):
            Deployment(prod, digest).run()

    def test_given_nothing_to_change_and_an_older_change_set_when_deployed_and_the_test_fails_then_the_way_back_is_told(
        self, digest: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(*_: object) -> None:
            raise NotDone("FAILED: any")

        boto3.client("cloudformation").create_stack(StackName="deployed", TemplateBody=ANY_TEMPLATE)
        a_change_set("deployed", "UPDATE")
        monkeypatch.setattr("operate.deploy._run", lambda _: None)
        monkeypatch.setattr("operate.deploy.smoke", fails)
        # moto does not protect stacks
        guarded: list[str] = []
        monkeypatch.setattr(Stacks, "guard", lambda _, stack: guarded.append(stack))
        prod = Environment("prod", "deployed", {"Architecture": "arm64"})

        with pytest.raises(NotDone, match=r"^FAILED: any\nWhat was deployed is live.*: make rollback ENV=prod$"):
            Deployment(prod, digest).run()

        assert guarded == ["deployed"]


def a_stack(name: str) -> tuple[str, str]:
    """Make a stack that keeps a bucket with versions and markers, and a table; their names."""
    s3, bucket, table = boto3.client("s3"), f"{name}-recordingsbucket-1a2b", f"{name}-RecordingsTable-1A2B"
    queue = {"Queue": {"Type": "AWS::SQS::Queue"}}
    body = json.dumps({"Resources": {**kept_resources(bucket, table), **queue}})
    boto3.client("cloudformation").create_stack(StackName=name, TemplateBody=body)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for content in (b"1", b"2"):
        s3.put_object(Bucket=bucket, Key="a", Body=content)
    s3.delete_object(Bucket=bucket, Key="a")
    for family in (f"{name}-ProcessAudio", f"{name}-ProcessAudio", f"{name}-ProcessAudioOther"):
        container = {"name": "oneshots", "image": "oneshots", "memory": 128}
        boto3.client("ecs").register_task_definition(family=family, containerDefinitions=[container])
    return bucket, table


def a_change_set(name: str, of_type: str = "CREATE") -> None:
    """Make a change set that nobody executed."""
    boto3.client("cloudformation").create_change_set(
        StackName=name, ChangeSetName="reviewed", ChangeSetType=of_type, TemplateBody=ANY_TEMPLATE
    )


def kept_resources(bucket: str, table: str) -> dict[str, Any]:
    """Return a bucket and a table as the template has them; Retain, since moto knows no RetainExceptOnCreate."""
    key = {"AttributeName": "id"}
    records = {
        "TableName": table,
        "AttributeDefinitions": [{**key, "AttributeType": "S"}],
        "KeySchema": [{**key, "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": True,
    }
    return {
        "RecordingsBucket": {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "Retain",
            "Properties": {"BucketName": bucket},
        },
        "RecordingsTable": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "Properties": records},
    }


def destroyed(stack: str, *, data: bool) -> list[str]:
    said: list[str] = []
    destroy(Aws(), stack, data=data, tell=said.append, patient=False)
    return said


class TestDestroy:
    def test_given_a_stack_when_destroyed_then_its_data_stay(self) -> None:
        bucket, table = a_stack("kept")

        said = destroyed("kept", data=False)

        assert said == [
            f"kept has the bucket {bucket} and the table {table}.",
            "The stack kept is deleted, and 2 revisions of its task definition are out of use.",
            f"Kept: the bucket {bucket} and the table {table}.",
        ]
        assert Stacks(Aws()).status("kept") is None
        assert boto3.client("s3").head_bucket(Bucket=bucket)
        assert boto3.client("dynamodb").describe_table(TableName=table)

    def test_given_a_stack_when_destroyed_with_its_data_then_nothing_is_left(self) -> None:
        bucket, table = a_stack("gone")

        said = destroyed("gone", data=True)

        assert said[2:] == [
            f"Deleted: the bucket {bucket} with 3 versions of objects.",
            f"Deleted: the table {table}.",
        ]
        assert bucket not in [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]]
        assert table not in boto3.client("dynamodb").list_tables()["TableNames"]

    def test_given_data_that_a_deleted_stack_left_when_named_then_they_are_deleted_and_once_more_is_no_mistake(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bucket, table = a_stack("left")
        monkeypatch.setattr("operate.destroy.environment", lambda name: Environment(name, "left", {}))
        destroyed("left", data=False)
        asked = CliRunner().invoke(destroy_command, ["dev", "--delete-data", "--yes"])
        boto3.client("dynamodb").update_table(TableName=table, DeletionProtectionEnabled=False)
        said: list[str] = []

        for _ in range(2):
            delete_data(Aws(), "left", Data(bucket, table), said.append)

        assert asked.exit_code == 1
        assert (
            f"There is no stack left. To delete what one left, name it in ARGS: --bucket {bucket}, --table {table}"
            in asked.output
        )
        assert said == [
            f"Deleted: the bucket {bucket} with 3 versions of objects.",
            f"Deleted: the table {table}.",
            f"Deleted: the bucket {bucket} with 0 versions of objects.",
            f"Deleted: the table {table}.",
        ]
        assert bucket not in [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]]
        assert table not in boto3.client("dynamodb").list_tables()["TableNames"]

    @pytest.mark.parametrize(("protected", "calls"), [(True, 1), (False, 0)])
    def test_given_a_table_when_deleted_then_its_protection_is_taken_away_only_where_it_has_one(
        self, protected: bool, calls: int
    ) -> None:
        dynamodb, cloudformation = Mock(), Mock()
        dynamodb.describe_table.return_value = {"Table": {"DeletionProtectionEnabled": protected}}
        gone = ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
        cloudformation.describe_stacks.side_effect = gone
        clients = {"dynamodb": dynamodb, "cloudformation": cloudformation, "ecr": Mock()}
        aws = Mock(client=clients.__getitem__)

        delete_data(aws, "any", Data(None, "any-RecordingsTable-1A2B"), lambda _: None)

        assert dynamodb.update_table.call_count == calls
        assert dynamodb.delete_table.call_count == 1

    def test_given_data_that_go_too_when_destroyed_then_the_table_s_protection_goes_before_the_stack(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, table = a_stack("early")
        protected: list[bool] = []

        def refuse(*_: object) -> None:
            described = boto3.client("dynamodb").describe_table(TableName=table)["Table"]
            protected.append(described["DeletionProtectionEnabled"])
            raise NotDone("refused")

        monkeypatch.setattr(Stacks, "delete", refuse)
        for data in (False, True):
            with pytest.raises(NotDone, match="refused"):
                destroyed("early", data=data)

        assert protected == [True, False]

    @pytest.mark.parametrize("other", [Data("another-bucket", None), Data(None, "mine-Records")])
    def test_given_data_of_another_s_when_named_then_nothing_is_deleted(self, other: Data) -> None:
        with pytest.raises(NotDone, match="of mine: nothing was deleted"):
            delete_data(Mock(), "mine", other, lambda _: None)

    def test_given_data_of_a_stack_that_is_there_when_named_then_nothing_is_deleted(self) -> None:
        bucket, table = a_stack("there")

        for named in (Data(bucket, None), Data(None, table)):
            with pytest.raises(NotDone, match=r"The stack there is there, and has .*: nothing was deleted"):
                delete_data(Aws(), "there", named, lambda _: None)

    def test_given_a_state_machine_that_was_never_made_then_nothing_of_it_runs(self) -> None:
        aws, arn = Mock(), "arn:aws:states:eu-west-1:123456789012:stateMachine:never"
        found = {"LogicalResourceId": "Never", "ResourceType": "AWS::StepFunctions::StateMachine"}
        found |= {"ResourceStatus": "CREATE_FAILED", "PhysicalResourceId": arn}
        cloudformation = Mock()
        cloudformation.describe_stacks.return_value = {"Stacks": [{"StackStatus": "ROLLBACK_FAILED"}]}
        cloudformation.get_paginator.return_value.paginate.return_value = [{"StackResourceSummaries": [found]}]
        aws.client = lambda service: cloudformation if service == "cloudformation" else boto3.client(service)

        assert running(aws, "any") == (0, 0)

    def test_given_executions_and_tasks_that_run_then_they_are_counted(self) -> None:
        sfn, ecs, iam = boto3.client("stepfunctions"), boto3.client("ecs"), boto3.client("iam")
        machine = {
            "StateMachineName": "busy",
            "DefinitionString": json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "End": True}}}),
            "RoleArn": iam.create_role(RoleName="any", AssumeRolePolicyDocument="{}")["Role"]["Arn"],
        }
        resources = {
            "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine},
            "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "busy"}},
        }
        boto3.client("cloudformation").create_stack(StackName="busy", TemplateBody=json.dumps({"Resources": resources}))
        found = {each.name: each.id for each in Stacks(Aws()).resources("busy")}
        for _ in range(3):
            sfn.start_execution(stateMachineArn=found["Machine"])
        container = {"name": "oneshots", "image": "oneshots", "memory": 128}
        ecs.register_task_definition(family="busy", containerDefinitions=[container])
        subnet = boto3.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        network = {"awsvpcConfiguration": {"subnets": [subnet]}}
        ecs.run_task(cluster="busy", taskDefinition="busy", launchType="FARGATE", count=2, networkConfiguration=network)

        assert running(Aws(), "busy") == (3, 2)

    def test_given_a_stack_that_was_only_reviewed_when_destroyed_then_it_goes(self) -> None:
        a_change_set("reviewed")

        said = destroyed("reviewed", data=True)

        assert said == [
            "reviewed has no bucket and no table.",
            "The stack reviewed is deleted, and 0 revisions of its task definition are out of use.",
        ]
        assert Stacks(Aws()).status("reviewed") is None

    def test_given_a_stack_without_outputs_when_one_is_read_then_the_stack_s_status_is_told(self) -> None:
        a_change_set("unfinished")

        for outputs in (Aws().outputs("unfinished"), Stacks(Aws()).outputs("unfinished")):
            with pytest.raises(
                NotDone, match="The stack unfinished has no output RecordingsBucketName: it is REVIEW_IN_PROGRESS"
            ):
                outputs["RecordingsBucketName"]

    def test_given_a_stack_that_was_taken_back_then_its_data_are_what_was_kept(self) -> None:
        def summary(name: str, status: str, **more: str) -> dict[str, str]:
            return {"LogicalResourceId": name, "ResourceType": "any", "ResourceStatus": status, **more}

        summaries = [
            summary("RecordingsBucket", "DELETE_COMPLETE", PhysicalResourceId="gone"),
            summary("RecordingsTable", "DELETE_FAILED", PhysicalResourceId="there"),
            summary("Cluster", "CREATE_FAILED"),
        ]
        cloudformation = Mock()
        cloudformation.describe_stacks.return_value = {"Stacks": [{"StackStatus": "ROLLBACK_FAILED"}]}
        cloudformation.get_paginator.return_value.paginate.return_value = [{"StackResourceSummaries": summaries}]
        aws = Mock(client=lambda _: cloudformation)

        assert Data.of(Stacks(aws).resources("any")) == Data(None, "there")

    def test_given_no_such_stack_when_destroyed_then_it_is_said(self) -> None:
        with pytest.raises(NotDone, match="There is no stack never"):
            destroyed("never", data=True)
