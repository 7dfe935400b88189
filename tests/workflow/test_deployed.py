"""What is done with a deployed stack: the smoke test, going back a version, deleting it."""

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.engine import Engine
from operate import destroy, rollback, smoke
from operate.aws import Aws
from operate.errors import NotDone
from tests import running_engine
from tests.recordings import beeps, wav_recording
from tests.workflow.process_recording.stack import Stack

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


@pytest.fixture
def stack() -> Stack:
    """Return the deployed stack."""
    return Stack(running_engine.engine_of("little-bit-audio at once", lambda: Engine.deploy(TEMPLATE, time_scale=0)))


def run(stack: Stack, command: object, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command.app, ["--port", str(stack.engine.port), *arguments])  # type: ignore[attr-defined]
    return result.exit_code, result.output


def left(stack: Stack) -> tuple[int, int]:
    """How many versions of objects, and how many items, the smoke tests left."""
    versions = stack.s3.list_object_versions(Bucket=stack.bucket)
    objects = [each for each in versions.get("Versions", []) if "/smoke-test/" in each["Key"]]
    items = stack.engine.client("dynamodb").scan(TableName=stack.table)["Items"]
    return len(objects), len([each for each in items if each["user_id"]["S"] == "smoke-test"])


class TestSmoke:
    def test_given_a_stack_that_works_when_tested_then_it_is_said_and_nothing_is_left(self, stack: Stack) -> None:
        code, said = run(stack, smoke)

        assert code == 0
        assert "  COMPLETED\n  22 one-shots, the manifest, the record: all there after " in said
        assert left(stack) == (0, 0)

    def test_given_a_task_that_fails_when_tested_then_the_failure_is_told_and_left_to_be_looked_at(
        self, stack: Stack
    ) -> None:
        with stack.engine.inject("PersistResult=KeyError:nobody knowsx*"):
            code, said = run(stack, smoke)

        assert code == 1
        assert re.search(r"FAILED: KeyError: .*nobody knows", said)
        assert ":execution:" in said
        objects, items = left(stack)
        assert objects > 1
        assert items == 1

    def test_given_a_rule_that_starts_nothing_when_tested_then_it_is_not_waited_for_ever(self, stack: Stack) -> None:
        events, rule = stack.engine.client("events"), "ProcessRecordingRecordingUploaded"
        name = stack.engine.resources[rule].rsplit("/", 1)[-1]
        events.disable_rule(Name=name)
        try:
            code, said = run(stack, smoke, "--seconds", "1")
        finally:
            events.enable_rule(Name=name)

        assert code == 1
        assert "There is no record after 1 s: no execution began" in said
        assert stack.engine.outputs["FailedStartsQueueUrl"] in said

    def test_given_a_result_that_misses_an_object_when_tested_then_it_is_named(self, stack: Stack) -> None:
        test = smoke.SmokeTest(Aws(stack.engine.endpoint), "local")
        upload = test.upload()
        record = test.wait(upload, lambda _: None)
        lost = f"{record['output_prefix']}overview.png"
        stack.s3.delete_object(Bucket=stack.bucket, Key=lost)

        with pytest.raises(NotDone, match=f"1 objects are missing, the first is {lost}"):
            test.check(upload, record)
        test.clean_up(upload)


@pytest.fixture
def deployed_again(stack: Stack) -> Iterator[Stack]:
    """Return the stack after a deployment of a version whose executions do nothing, and as it was in the end."""
    sfn, machine = stack.engine.client("stepfunctions"), stack.engine.outputs["ProcessRecordingArn"]
    before = sfn.describe_state_machine(stateMachineArn=machine)["definition"]
    deploy_idle(stack)
    yield stack
    sfn.update_state_machine(stateMachineArn=machine, definition=before)
    sfn.update_state_machine_alias(
        stateMachineAliasArn=stack.engine.outputs["ProcessRecordingAliasArn"],
        routingConfiguration=[{"stateMachineVersionArn": f"{machine}:1", "weight": 100}],
        description="as deployed",
    )


def deploy_idle(stack: Stack, comment: str = "") -> int:
    """Publish a version whose executions do nothing, and have the alias name it alone, as CloudFormation does."""
    sfn, outputs = stack.engine.client("stepfunctions"), stack.engine.outputs
    states = {"Idle": {"Type": "Succeed", "Comment": f"{comment} {uuid.uuid4().hex}"}}
    arn = sfn.update_state_machine(
        stateMachineArn=outputs["ProcessRecordingArn"],
        definition=json.dumps({"StartAt": "Idle", "States": states}),
        publish=True,
    )["stateMachineVersionArn"]
    sfn.update_state_machine_alias(
        stateMachineAliasArn=outputs["ProcessRecordingAliasArn"],
        routingConfiguration=[{"stateMachineVersionArn": arn, "weight": 100}],
    )
    return int(arn.rpartition(":")[2])


def revision_out_of_use(stack: Stack) -> str:
    """Register a revision of a task definition and take it out of use; its ARN."""
    ecs, container = stack.engine.client("ecs"), {"name": "any", "image": "any", "memory": 128}
    made = ecs.register_task_definition(family="out-of-use", containerDefinitions=[container])["taskDefinition"]
    ecs.deregister_task_definition(taskDefinition=made["taskDefinitionArn"])
    return str(made["taskDefinitionArn"])


class TestRollback:
    def test_given_a_bad_version_when_rolled_back_then_uploads_are_processed_as_before_it(
        self, deployed_again: Stack
    ) -> None:
        key, body = "public/unprocessed/demo/rolled-back.wav", wav_recording(beeps(1))
        _, bad = deployed_again.process(key, body)

        code, said = run(deployed_again, rollback)
        _, good = deployed_again.process(key, body)

        assert code == 0
        assert re.fullmatch(r"Version 1 is live, it was \d+\. What runs goes on as it began\.\n", said)
        assert (bad.end_state, good.end_state) == ("Idle", "Processed")

    def test_given_the_first_version_when_rolled_back_then_there_is_none_before_it(self, stack: Stack) -> None:
        code, said = run(stack, rollback)

        assert code == 1
        assert said.startswith("There is no version before the live one; live is 1, there are ")

    def test_given_a_version_when_asked_for_then_it_is_live_or_said_not_to_be_there(
        self, deployed_again: Stack
    ) -> None:
        newest = rollback.LiveAlias(Aws(deployed_again.engine.endpoint), "local").versions()[0]
        run(deployed_again, rollback, "--to", "1")

        there = run(deployed_again, rollback, "--to", str(newest))
        again = run(deployed_again, rollback, "--to", str(newest))
        missing = run(deployed_again, rollback, "--to", "99")

        assert there == (0, f"Version {newest} is live, it was 1. What runs goes on as it began.\n")
        assert again == (0, f"Version {newest} is live already.\n")
        assert missing[0] == 1
        assert missing[1].startswith("There is no version 99; ")

    def test_given_versions_that_were_left_or_could_not_run_when_rolled_back_then_they_are_passed_over(
        self, deployed_again: Stack
    ) -> None:
        good = deploy_idle(deployed_again)
        without_task = deploy_idle(deployed_again, revision_out_of_use(deployed_again))
        bad = deploy_idle(deployed_again)
        run(deployed_again, rollback, "--to", str(good))
        repaired = deploy_idle(deployed_again)

        refused = run(deployed_again, rollback, "--to", str(without_task))
        back = run(deployed_again, rollback)
        forth = run(deployed_again, rollback, "--to", str(bad))
        newest = deploy_idle(deployed_again)
        again = run(deployed_again, rollback)
        deploy_idle(deployed_again, revision_out_of_use(deployed_again))
        latest = deploy_idle(deployed_again)
        once_more = run(deployed_again, rollback)

        assert refused[0] == 1
        assert refused[1].startswith(f"Version {without_task} could not run: ")
        assert back[1].startswith(f"Version {good} is live, it was {repaired}. ")
        assert forth[1].startswith(f"Version {bad} is live, it was {good}. ")
        assert again[1].startswith(f"Version {bad} is live, it was {newest}. ")
        assert once_more[1].startswith(f"Version {bad} is live, it was {latest}. ")

    def test_given_more_versions_that_were_left_than_an_alias_has_room_for_then_it_keeps_the_newest(
        self, deployed_again: Stack
    ) -> None:
        alias = rollback.LiveAlias(Aws(deployed_again.engine.endpoint), "local")

        alias.point_to(1, set(range(2, 200)))

        assert max(alias.left()) == 199
        assert alias.left() == set(range(min(alias.left()), 200))

    def test_given_an_environment_that_is_none_when_rolled_back_then_it_is_a_mistake(self) -> None:
        result = CliRunner().invoke(rollback.app, ["production"])

        assert result.exit_code == 2


class TestDestroy:
    def test_given_another_name_when_confirmed_then_nothing_is_deleted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(destroy, "destroy", lambda *_, **__: pytest.fail("deleted"))
        monkeypatch.setattr(destroy, "look_for_left", lambda *_: None)
        monkeypatch.setattr(destroy, "running", lambda *_: (3, 1))

        result = CliRunner().invoke(destroy.app, ["prod", "--delete-data"], input="little-bit-audio-dev\n")

        assert result.exit_code == 2
        assert "little-bit-audio-prod runs 3 executions and 1 tasks now; they are ended." in result.output
        assert "every recording, one-shot and record in it" in result.output
        assert "Nothing was deleted." in result.output

    def test_given_a_bucket_that_is_to_go_when_its_deletion_is_not_asked_for_then_it_is_a_mistake(self) -> None:
        result = CliRunner().invoke(destroy.app, ["dev", "--bucket", "any"])

        assert result.exit_code == 2
