import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.engine.errors import TemplateError
from local.engine.template import TranslatedTemplate, join_definition, translate

PROJECT = Path(__file__).parents[2] / "fixtures" / "sam_project"


def _supported(kind: str) -> bool:
    return kind not in {"AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::CloudWatch::Dashboard"}


@pytest.fixture
def translated() -> TranslatedTemplate:
    return translate(PROJECT / "template.yaml", {}, region="us-east-1", supported=_supported)


@pytest.fixture
def template(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "template.yaml"
        path.write_text(f"Transform: AWS::Serverless-2016-10-31\n{text}", encoding="utf-8")
        return path

    return write


def _translate(path: Path, **parameters: str) -> TranslatedTemplate:
    return translate(path, parameters, region="us-east-1", supported=lambda _: True)


def test_given_a_sam_template_when_translated_then_code_and_images_are_found(
    translated: TranslatedTemplate,
) -> None:
    assert translated.code == {"Greet": PROJECT / "functions"}
    assert translated.images["Pack"].context == PROJECT / "box"
    assert "AWS::Lambda::Function" in {each["Type"] for each in translated.body["Resources"].values()}


def test_given_what_cannot_be_made_when_translated_then_it_is_listed_with_a_reason(
    translated: TranslatedTemplate,
) -> None:
    assert {(each.logical_id, each.type) for each in translated.skipped} == {
        ("InboxPolicy", "AWS::S3::BucketPolicy"),
        ("FailedStartsPolicy", "AWS::SQS::QueuePolicy"),
        ("TooManyFailures", "AWS::CloudWatch::Dashboard"),
    }
    assert all(each.reason for each in translated.skipped)
    assert not {"InboxPolicy", "TooManyFailures"} & set(translated.body["Resources"])


def test_given_references_to_what_is_left_out_when_translated_then_they_become_names(
    template: Callable[[str], Path],
) -> None:
    path = template(
        """
Resources:
  Alarm: {Type: "AWS::Odd::Thing"}
  Queue:
    Type: AWS::SQS::Queue
    DependsOn: [Alarm, Other]
    Properties:
      Tags: [{Key: !Ref Alarm, Value: !Sub "${Alarm}-${Alarm.Arn}-${AWS::Region}"}, {Key: a, Value: !GetAtt Alarm.Arn}]
  Other: {Type: "AWS::SQS::Queue"}
"""
    )

    queue = translate(path, {}, region="us-east-1", supported=lambda kind: "Odd" not in kind).body["Resources"]["Queue"]

    assert queue["DependsOn"] == ["Other"]
    assert queue["Properties"]["Tags"] == [
        {"Key": "Alarm", "Value": {"Fn::Sub": "Alarm-Alarm.Arn-${AWS::Region}"}},
        {"Key": "a", "Value": "Alarm.Arn"},
    ]


def test_given_a_definition_with_double_dollars_when_joined_then_they_stay() -> None:
    joined = join_definition("M", '{"a": "$$.x ${Name} $${Name}"}', {"Name": {"Ref": "Queue"}})

    assert joined == {"Fn::Join": ["", ['{"a": "$$.x ', {"Ref": "Queue"}, " $", {"Ref": "Queue"}, '"}']]}


def test_given_a_substitution_that_is_not_given_when_joined_then_the_error_names_it() -> None:
    with pytest.raises(TemplateError, match="M: its definition uses Missing"):
        join_definition("M", "${Missing}", {})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"Greeting": "Hej"}, r"Greeting is 'Hej'; allowed: Hello, Salut"), ({"Nope": "1"}, "no parameter Nope")],
)
def test_given_a_wrong_parameter_when_translated_then_the_error_names_it(
    parameters: dict[str, str], message: str
) -> None:
    with pytest.raises(TemplateError, match=message):
        _translate(PROJECT / "template.yaml", **parameters)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Resources: {F: {Type: AWS::Serverless::Function, Properties: {CodeUri: nowhere/}}}",
            "F: CodeUri is 'nowhere/'",
        ),
        (
            "Resources: {M: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: no.json}}}",
            "M: DefinitionUri",
        ),
        ("Parameters: {P: {Type: String}}\nResources: {}", "parameter P has no default"),
        ("Resources: [", "is not YAML"),
        ("Nothing: 1", "has no Resources"),
        ("Resources: {F: {Type: AWS::Serverless::Function, Properties: {InlineCode: x}}}", "SAM refuses"),
    ],
)
def test_given_a_broken_template_when_translated_then_the_error_says_what_is_wrong(
    template: Callable[[str], Path], text: str, message: str
) -> None:
    with pytest.raises(TemplateError, match=message):
        _translate(template(text))


def test_given_no_template_when_translated_then_the_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"no\.yaml: the template can't be read"):
        _translate(tmp_path / "no.yaml")


def test_given_code_and_layers_of_globals_when_translated_then_each_function_has_the_code(
    template: Callable[[str], Path], tmp_path: Path
) -> None:
    (tmp_path / "code").mkdir()
    path = template(
        "Globals: {Function: {CodeUri: code/, Runtime: python3.13, Handler: a.b, Layers: [arn:x]}}\n"
        "Resources: {A: {Type: AWS::Serverless::Function}, B: {Type: AWS::Serverless::Function}}"
    )

    translated = _translate(path)

    assert translated.code == {"A": tmp_path / "code", "B": tmp_path / "code"}
    assert [each.logical_id for each in translated.skipped] == ["Globals.Layers"]
    body: Any = json.dumps(translated.body)
    assert "arn:x" not in body


def test_given_properties_without_effect_when_translated_then_they_are_listed(
    template: Callable[[str], Path],
) -> None:
    path = template(
        """
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: b
      LifecycleConfiguration: {Rules: []}
      NotificationConfiguration: {EventBridgeConfiguration: {}, QueueConfigurations: []}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {StartAt: A, States: {A: {Type: Succeed}}}
      Role: arn:aws:iam::123456789012:role/r
      Tracing: {Enabled: true}
      Logging: {Level: ALL}
  Box:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Volumes: [{Name: v}]
      ContainerDefinitions: [{Name: c, Image: i, User: "1"}, {Name: d, Image: i, ReadonlyRootFilesystem: true}]
  Rule:
    Type: AWS::Events::Rule
    Properties: {EventPattern: {}, Targets: [{Id: t, Arn: a, RetryPolicy: {MaximumRetryAttempts: 1}}]}
"""
    )

    assert [each.logical_id for each in _translate(path).skipped] == [
        "Bucket.LifecycleConfiguration",
        "Bucket.NotificationConfiguration.QueueConfigurations",
        "Box.Volumes",
        "Box.ContainerDefinitions.ReadonlyRootFilesystem",
        "Box.ContainerDefinitions.User",
        "Rule.Targets.RetryPolicy",
        "Machine.LoggingConfiguration",
        "Machine.TracingConfiguration",
    ]


class TestParametersOfImages:
    TEXT = """
Parameters:
  ImageUri: {Type: String, AllowedPattern: ".+@sha256:[0-9a-f]{64}"}
Resources:
  Pack:
    Type: AWS::ECS::TaskDefinition
    Metadata: {DockerContext: PROJECT/box}
    Properties: {ContainerDefinitions: [{Name: carton, Image: !Ref ImageUri}]}
""".replace("PROJECT", str(PROJECT))

    def test_given_the_image_of_a_task_as_a_parameter_when_not_given_then_it_is_its_dockerfile_s(
        self, template: Callable[[str], Path]
    ) -> None:
        translated = _translate(template(self.TEXT))

        assert translated.parameters["ImageUri"].endswith(f"/pack@sha256:{translated.images['Pack'].digest}")

    def test_given_the_image_of_a_task_as_a_parameter_when_given_then_it_is_taken(
        self, template: Callable[[str], Path]
    ) -> None:
        given = f"registry/carton@sha256:{'a' * 64}"

        assert _translate(template(self.TEXT), ImageUri=given).parameters["ImageUri"] == given

    def test_given_a_value_that_its_pattern_forbids_when_translated_then_the_error_tells_the_pattern(
        self, template: Callable[[str], Path]
    ) -> None:
        with pytest.raises(TemplateError, match="ImageUri is 'carton:latest'; allowed: "):
            _translate(template(self.TEXT), ImageUri="carton:latest")
