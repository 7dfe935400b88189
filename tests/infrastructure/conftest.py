"""The template as CloudFormation would get it, translated once for all tests of this folder."""

import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml
from samtranslator.translator.transform import transform

ROOT = Path(__file__).parents[2]


class NoManagedPolicies:
    """The template writes its policies out; a managed one would be asked for here."""

    def load(self) -> dict[str, str]:
        return {}


@pytest.fixture(scope="session")
def source_template() -> dict[str, Any]:
    return json.loads(json.dumps(cfn_yaml.load(str(ROOT / "template.yaml"))))


@pytest.fixture(scope="session")
def template(source_template: dict[str, Any]) -> dict[str, Any]:
    """The translated template. Local paths are put as S3 URIs first, as `sam package` does."""
    packaged = json.loads(json.dumps(source_template))
    packaged["Globals"]["Function"]["CodeUri"] = "s3://artifacts/tasks.zip"
    for resource in packaged["Resources"].values():
        if resource["Type"] == "AWS::Serverless::StateMachine":
            resource["Properties"]["DefinitionUri"] = "s3://artifacts/definition.json"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        return transform(packaged, {}, NoManagedPolicies())


@pytest.fixture(scope="session")
def state_machine() -> dict[str, Any]:
    return json.loads((ROOT / "statemachine" / "process_recording.asl.json").read_text())
