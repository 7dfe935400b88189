"""A SAM template, translated offline into what the engine deploys.

Nothing else describes the stack: functions' code, state machines' definitions and tasks' Dockerfiles are
found through the template alone.
"""

import copy
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from samtranslator.parser.parser import Parser
from samtranslator.public.exceptions import InvalidDocumentException
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse
from yaml import YAMLError

from local.engine.errors import TemplateError
from local.engine.image import ContainerImage, read_image
from local.engine.unheeded import unheeded
from local.sessions import own_session

CODE_BUCKET = "engine-code"
_UNHEEDED = "without effect here"
_SUBSTITUTION = re.compile(r"\$\{([A-Za-z0-9_]+)\}")
_SUB_REFERENCE = re.compile(r"\$\{([A-Za-z0-9:]+)((?:\.[A-Za-z0-9]+)*)\}")


@dataclass(frozen=True)
class SkippedResource:
    """A resource, or a property of one, that the engine leaves out, and why.

    `logical_id` is the resource's, or `LogicalId.Property`.
    """

    logical_id: str
    type: str
    reason: str


@dataclass(frozen=True)
class TranslatedTemplate:
    """What is deployed.

    Attributes:
        body: the CloudFormation template.
        code: the source folder of each function, by logical id.
        images: what each task definition starts, by logical id.
        skipped: what was left out, and why.
        parameters: the values of the parameters, as text.
        left_out: the resources that aren't deployed, as they stand in the template.

    """

    body: dict[str, Any]
    code: dict[str, Path]
    images: dict[str, ContainerImage]
    parameters: dict[str, str]
    skipped: list[SkippedResource] = field(default_factory=list)
    left_out: dict[str, dict[str, Any]] = field(default_factory=dict)

    def resources(self, resource_type: str) -> dict[str, dict[str, Any]]:
        """Return the resources of a type by logical id."""
        return {
            name: resource for name, resource in self.body["Resources"].items() if resource["Type"] == resource_type
        }


def translate(
    path: Path, parameters: Mapping[str, str], *, region: str, supported: Callable[[str], bool]
) -> TranslatedTemplate:
    """Translate a SAM template.

    Args:
        path: the template; relative paths in it start at its folder.
        parameters: values that override the parameters' defaults.
        region: the region that the stack is for.
        supported: says whether a CloudFormation resource type can be deployed.

    Raises:
        TemplateError: the template, a parameter, or a file that it names is unusable.

    """
    template = _load(path)
    images = _images(template, path.parent)
    values = _parameter_values(template, {**_stand_in_images(template, images, region), **parameters}, path)
    code = _local_code(template, path.parent)
    definitions = _local_definitions(template, path.parent)
    skipped: list[SkippedResource] = []
    _leave_out_layers(template, skipped)
    body = _transform(template, values, region, path)
    _inline_definitions(body, definitions)
    left_out = _leave_out_unsupported(body, supported, skipped)
    skipped.extend(SkippedResource(name, kind, _UNHEEDED) for name, kind in unheeded(body["Resources"]))
    return TranslatedTemplate(
        body=body, code=code, images=images, parameters=values, skipped=skipped, left_out=left_out
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        parsed = yaml_parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TemplateError(f"{path}: the template can't be read: {error.strerror}.") from error
    except YAMLError as error:
        raise TemplateError(f"{path}: the template is not YAML: {error}") from error
    if not isinstance(parsed, dict) or not isinstance(parsed.get("Resources"), dict):
        raise TemplateError(f"{path}: the template has no Resources.")
    # YAML anchors make shared objects and dates; the translator changes what it is given
    unshared: dict[str, Any] = json.loads(json.dumps(parsed, default=str))
    return unshared


def _parameter_values(template: dict[str, Any], given: Mapping[str, str], path: Path) -> dict[str, str]:
    declared = template.get("Parameters", {})
    if unknown := sorted(set(given) - set(declared)):
        raise TemplateError(
            f"{path}: no parameter {', '.join(unknown)}; there are {', '.join(sorted(declared)) or 'none'}."
        )
    values = {}
    for name, declaration in declared.items():
        value = given.get(name, declaration.get("Default"))
        if value is None:
            raise TemplateError(f"{path}: the parameter {name} has no default: give it a value.")
        values[name] = str(value)
        pattern = declaration.get("AllowedPattern")
        if pattern and not re.fullmatch(pattern, values[name]):
            raise TemplateError(f"{path}: the parameter {name} is {values[name]!r}; allowed: {pattern}")
        allowed = [str(each) for each in declaration.get("AllowedValues", [])]
        if allowed and values[name] not in allowed:
            raise TemplateError(f"{path}: the parameter {name} is {value!r}; allowed: {', '.join(allowed)}.")
    return values


def _resources(template: dict[str, Any], *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in template["Resources"].items():
        if resource.get("Type") in types:
            yield name, resource.setdefault("Properties", {})


def _local_code(template: dict[str, Any], folder: Path) -> dict[str, Path]:
    shared = template.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    code = {}
    for name, properties in _resources(template, "AWS::Serverless::Function"):
        if properties.get("PackageType") == "Image" or "InlineCode" in properties:
            continue
        uri = properties.get("CodeUri", shared)
        if not isinstance(uri, str) or not (folder / uri).is_dir():
            raise TemplateError(f"{name}: CodeUri is {uri!r}, which is no folder beside the template.")
        code[name] = (folder / uri).resolve()
        properties["CodeUri"] = f"s3://{CODE_BUCKET}/{name}.zip"
    return code


def _local_definitions(template: dict[str, Any], folder: Path) -> dict[str, str]:
    definitions = {}
    for name, properties in _resources(template, "AWS::Serverless::StateMachine"):
        uri = properties.pop("DefinitionUri", None)
        if uri is None:
            definitions[name] = json.dumps(properties.get("Definition", {}))
        else:
            definitions[name] = _read_definition(name, folder / str(uri))
        # the translator wants one, and resolves SAM's own references in the substitutions beside it
        properties["Definition"] = {"StartAt": "Inlined", "States": {"Inlined": {"Type": "Succeed"}}}
    return definitions


def _read_definition(name: str, path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix in {".yaml", ".yml"}:
            return json.dumps(yaml_parse(text))
        json.loads(text)
    except OSError as error:
        raise TemplateError(f"{name}: DefinitionUri {path} can't be read: {error.strerror}.") from error
    except (json.JSONDecodeError, YAMLError) as error:
        raise TemplateError(f"{name}: DefinitionUri {path} is malformed: {error}") from error
    return text


def _images(template: dict[str, Any], folder: Path) -> dict[str, ContainerImage]:
    images = {}
    for name, resource in template["Resources"].items():
        metadata = resource.get("Metadata", {})
        if resource.get("Type") == "AWS::ECS::TaskDefinition" and "DockerContext" in metadata:
            context = folder / metadata["DockerContext"]
            images[name] = read_image(context, metadata.get("Dockerfile", "Dockerfile"))
    return images


def _stand_in_images(template: dict[str, Any], images: Mapping[str, ContainerImage], region: str) -> dict[str, str]:
    """Return values for the parameters that have no default and name the image of a task that the engine runs.

    There is no registry here: the image is its Dockerfile, and so is its digest.
    """
    declared = template.get("Parameters", {})
    values = {}
    for task, image in images.items():
        for container in template["Resources"][task].get("Properties", {}).get("ContainerDefinitions", []):
            match container.get("Image"):
                case {"Ref": str(name)} if name in declared and "Default" not in declared[name]:
                    host = f"{DEFAULT_ACCOUNT_ID}.dkr.ecr.{region}.amazonaws.com"
                    values[name] = f"{host}/{task.lower()}@sha256:{image.digest}"
    return values


def _leave_out_layers(template: dict[str, Any], skipped: list[SkippedResource]) -> None:
    if template.get("Globals", {}).get("Function", {}).pop("Layers", None):
        skipped.append(_skipped_layers("Globals"))
    for name, properties in _resources(template, "AWS::Serverless::Function"):
        if properties.pop("Layers", None):
            skipped.append(_skipped_layers(name))


def _skipped_layers(name: str) -> SkippedResource:
    reason = "a function gets the packages of the interpreter that runs the engine"
    return SkippedResource(f"{name}.Layers", "AWS::Serverless::Function", reason)


def _transform(template: dict[str, Any], values: dict[str, str], region: str, path: Path) -> dict[str, Any]:
    # it complains of its own usage metrics, which nobody sends
    logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)
    translator = Translator({}, Parser(), boto_session=own_session(region_name=region))
    try:
        body: dict[str, Any] = translator.translate(template, parameter_values=dict(values))
    except InvalidDocumentException as error:
        causes = "; ".join(str(cause.message) for cause in error.causes) or error.message
        raise TemplateError(f"{path}: SAM refuses the template: {causes}") from error
    return body


def _inline_definitions(body: dict[str, Any], definitions: dict[str, str]) -> None:
    for name, text in definitions.items():
        properties = body["Resources"][name]["Properties"]
        substitutions = properties.pop("DefinitionSubstitutions", {})
        properties.pop("Definition", None)
        properties["DefinitionString"] = join_definition(name, text, substitutions)


def join_definition(name: str, text: str, substitutions: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition with its substitutions in place, as an Fn::Join.

    Fn::Sub would turn JSONata's `$$` into `$`.

    Raises:
        TemplateError: the definition uses a substitution that the template doesn't give.

    """
    used = set(_SUBSTITUTION.findall(text))
    if missing := sorted(used - set(substitutions)):
        raise TemplateError(f"{name}: its definition uses {', '.join(missing)} without a DefinitionSubstitution.")
    parts = _SUBSTITUTION.split(text)
    return {
        "Fn::Join": [
            "",
            [substitutions[part] if position % 2 else part for position, part in enumerate(parts)],
        ]
    }


def _leave_out_unsupported(
    body: dict[str, Any], supported: Callable[[str], bool], skipped: list[SkippedResource]
) -> dict[str, dict[str, Any]]:
    unsupported = {name: each for name, each in body["Resources"].items() if not supported(each["Type"])}
    left_out = {name: each["Type"] for name, each in unsupported.items()}
    skipped.extend(
        SkippedResource(name, kind, "moto's CloudFormation doesn't make it") for name, kind in left_out.items()
    )
    for name in left_out:
        del body["Resources"][name]
    for resource in body["Resources"].values():
        depends = resource.pop("DependsOn", [])
        if kept := [each for each in ([depends] if isinstance(depends, str) else depends) if each not in left_out]:
            resource["DependsOn"] = kept
    for section in ("Resources", "Outputs"):
        if section in body:
            body[section] = _without_references(body[section], set(left_out))
    return {name: _without_references(each, set(left_out)) for name, each in unsupported.items()}


def _without_references(node: Any, left_out: set[str]) -> Any:
    """Replace references to resources that are left out by their logical names."""
    match node:
        case {"Ref": str(name)} if name in left_out:
            return name
        case {"Fn::GetAtt": [str(name), str(attribute)]} if name in left_out:
            return f"{name}.{attribute}"
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": _without_sub_references(text, left_out)}
        case dict():
            return {key: _without_references(value, left_out) for key, value in node.items()}
        case list():
            return [_without_references(value, left_out) for value in node]
        case _:
            return copy.copy(node)


def _without_sub_references(text: str, left_out: set[str]) -> str:
    return _SUB_REFERENCE.sub(lambda found: found[1] + found[2] if found[1] in left_out else found[0], text)
