"""`make deploy` up to where AWS would answer, and what it is configured with."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint.decode import cfn_yaml
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
from typer.testing import CliRunner

from operate.deploy import Deployment, app
from operate.environments import ROOT, Environment, environments
from operate.errors import Missing
from operate.stand_in import stand_in
from tests.infrastructure.conftest import NoManagedPolicies

TEMPLATES = ("template.yaml", "bootstrap.yaml")
ENVIRONMENTS = sorted(environments())


def parameters_of(template: str) -> dict[str, dict[str, Any]]:
    loaded = json.loads(json.dumps(cfn_yaml.load(str(ROOT / template))))
    declared: dict[str, dict[str, Any]] = loaded["Parameters"]
    return declared


def translate(template: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    translated: dict[str, Any] = transform(json.loads(json.dumps(template)), values, NoManagedPolicies())
    return translated


@dataclass(frozen=True)
class Change:
    """What a dry run left on the server that stands in for AWS."""

    change_set: dict[str, Any]
    template: dict[str, Any]
    objects: dict[str, bytes]

    @property
    def values(self) -> dict[str, str]:
        return {each["ParameterKey"]: each["ParameterValue"] for each in self.change_set["Parameters"]}

    def artifact(self, uri: str | dict[str, str]) -> bytes:
        key = uri["Key"] if isinstance(uri, dict) else uri.partition("//")[2].partition("/")[2]
        return self.objects[key]


@pytest.fixture(scope="module")
def change() -> Iterator[Change]:
    """Run `make deploy ENV=dev DRY_RUN=1` once."""
    with stand_in():
        Deployment(environments()["dev"], dry_run=True).run()
        cloudformation, s3 = boto3.client("cloudformation"), boto3.client("s3")
        stack = environments()["dev"].stack
        (summary,) = [
            each for each in cloudformation.list_change_sets(StackName=stack)["Summaries"] if each["StackName"] == stack
        ]
        change_set = cloudformation.describe_change_set(ChangeSetName=summary["ChangeSetId"], StackName=stack)
        (bucket,) = [each["Name"] for each in s3.list_buckets()["Buckets"] if "artifacts" in each["Name"]]
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        objects = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
        (uploaded,) = [body for key, body in objects.items() if key.endswith(".template")]
        yield Change(change_set, json.loads(json.dumps(yaml_parse(uploaded.decode()), default=str)), objects)


def test_given_a_dry_run_then_its_change_set_could_be_executed_with_the_environment_s_parameters_and_an_image(
    change: Change,
) -> None:
    values = dict(change.values)

    image = values.pop("ImageUri")

    assert (change.change_set["Status"], change.change_set["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert values == environments()["dev"].parameters
    assert re.fullmatch(parameters_of("template.yaml")["ImageUri"]["AllowedPattern"], image)


def test_given_a_dry_run_then_the_change_set_adds_every_resource_of_the_template(
    change: Change, source_template: dict[str, Any]
) -> None:
    # moto neither runs the Transform nor weighs conditions: what it lists are the template's own resources
    listed = {
        each["ResourceChange"]["LogicalResourceId"]: (
            each["ResourceChange"]["Action"],
            each["ResourceChange"]["ResourceType"],
        )
        for each in change.change_set["Changes"]
    }

    assert listed == {name: ("Add", each["Type"]) for name, each in source_template["Resources"].items()}


def test_given_a_dry_run_then_what_is_uploaded_becomes_what_the_template_in_the_repository_becomes(
    change: Change, source_template: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    expected = json.loads(json.dumps(source_template))
    expected["Globals"]["Function"].pop("CodeUri", None)
    for name, resource in expected["Resources"].items():
        uploaded = change.template["Resources"][name]["Properties"]
        for artifact in {"CodeUri", "DefinitionUri"} & set(uploaded):
            resource["Properties"][artifact] = uploaded[artifact]

    becomes, should = translate(change.template, change.values), translate(expected, change.values)

    assert set(becomes["Resources"]) == set(should["Resources"])
    for name, resource in should["Resources"].items():
        assert becomes["Resources"][name]["Type"] == resource["Type"], name
        assert becomes["Resources"][name].get("Properties") == resource.get("Properties"), name
    for section in ("Outputs", "Conditions", "Rules", "Parameters"):
        assert becomes[section] == should[section], section


def test_given_a_dry_run_then_definitions_and_handlers_are_where_the_template_says(change: Change) -> None:
    definitions, handlers = {}, {}
    for name, resource in change.template["Resources"].items():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::Serverless::StateMachine":
            definitions[name] = json.loads(change.artifact(properties["DefinitionUri"]))
        if resource["Type"] == "AWS::Serverless::Function":
            with zipfile.ZipFile(io.BytesIO(change.artifact(properties["CodeUri"]))) as code:
                module = properties["Handler"].rpartition(".")[0].replace(".", "/") + ".py"
                handlers[name] = module in code.namelist()

    assert definitions == {
        name: json.loads((ROOT / "statemachine" / f"{file}.asl.json").read_text())
        for name, file in {
            "ProcessRecording": "process_recording",
            "SettleRecordings": "settle_recordings",
            "ReprocessRecordings": "reprocess_recordings",
        }.items()
    }
    assert handlers == {"ValidateUpload": True, "ExtractMetadata": True, "PersistResult": True}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_given_an_environment_then_each_parameter_that_it_sets_is_the_template_s_and_allowed(name: str) -> None:
    declared = parameters_of("template.yaml")

    for parameter, value in environments()[name].parameters.items():
        rule = declared[parameter]
        assert value in [str(each) for each in rule.get("AllowedValues", [value])], parameter
        assert re.fullmatch(rule.get("AllowedPattern", ".*"), value), parameter
        if rule["Type"] == "Number":
            assert rule.get("MinValue", 0) <= int(value) <= rule.get("MaxValue", int(value)), parameter
    assert environments()[name].parameters["Environment"] == name


def test_given_the_environments_then_each_has_a_stack_of_its_own_and_prod_s_is_guarded() -> None:
    assert ENVIRONMENTS == ["dev", "prod", "staging"]
    assert len({each.stack for each in environments().values()}) == 3
    assert [name for name, each in environments().items() if each.guards_its_stack] == ["prod"]


@pytest.mark.parametrize("template", TEMPLATES)
def test_given_a_parameter_then_docs_deploy_tells_it_and_its_default(template: str) -> None:
    rows = re.findall(r"^\| (`.+?) \| (.*?) \|", (ROOT / "docs" / "deploy.md").read_text(), re.MULTILINE)
    told = {}
    for names, defaults in rows:
        if each := re.findall(r"`(\w+)`", names):
            told |= dict(zip(each, defaults.split(", ") if len(each) > 1 else [defaults], strict=True))

    for name, parameter in parameters_of(template).items():
        default = parameter.get("Default", "none")
        assert told.get(name) == ("empty" if default == "" else str(default)), name


def test_given_a_machine_without_anything_when_deployed_then_all_that_is_missing_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("operate.deploy._SAM", tmp_path / "sam")

    with pytest.raises(Missing) as raised:
        Deployment(environments()["dev"]).run()

    said = str(raised.value).splitlines()
    assert [line.split(":")[0].strip().partition(" ")[2] for line in said[1:]] == [
        "AWS SAM CLI",
        "with buildx, or podman, to build the image; or IMAGE=sha256",
        "region",
        "of the account",
    ]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["production"], "ENV is 'production'; samconfig.toml has dev, staging, prod."),
        ([""], "ENV is ''; samconfig.toml has dev, staging, prod."),
        (["dev", "--image", "latest"], "'latest' is not sha256: and 64 hexadecimal digits."),
        (["dev", "--base-image", "--privileged"], "'--privileged' is no image."),
        (["dev", "--set", "LogLevel"], "'LogLevel' is not NAME=VALUE."),
        (["dev", "--set", "LogLevel=A B"], "'LogLevel=A B' is not NAME=VALUE."),
    ],
)
def test_given_a_mistake_in_the_command_then_it_is_said_and_nothing_is_done(arguments: list[str], why: str) -> None:
    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 2
    assert why in re.sub(r"[│╭╮╰╯─\s]+", " ", result.output)


def test_given_parameters_of_the_command_then_they_take_the_place_of_the_environment_s() -> None:
    chosen = Environment("dev", "stack", {"LogLevel": "DEBUG", "Architecture": "arm64"})

    deployment = Deployment(chosen, parameters={"Architecture": "x86_64"})

    assert deployment.values == {"LogLevel": "DEBUG", "Architecture": "x86_64"}
    assert deployment.architecture == "x86_64"
