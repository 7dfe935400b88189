"""The results that a Distributed Map writes to S3.

moto: writes a manifest that names no file, and no results.
Here: SUCCEEDED_0.json, FAILED_0.json (failed, timed out, aborted) and PENDING_0.json (never taken) beside
manifest.json, each where it has something to tell, also when the run failed. Transformation NONE, COMPACT and
FLATTEN, OutputType JSON and JSONL. What failed is always told in whole, as on AWS. A file is never split.
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
Upstream: no issue found.
"""

import json
from dataclasses import dataclass
from typing import Any

from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer import result_writer_decl

from local.engine.seams import clients
from local.engine.seams.casing import iso_milliseconds
from local.engine.seams.distributed_maps import Child, MapResults
from local.engine.seams.patching import replace

_FILES = {"FAILED": {"FAILED", "TIMED_OUT", "ABORTED"}, "PENDING": {"PENDING"}, "SUCCEEDED": {"SUCCEEDED"}}


def install() -> None:
    """Write results, with or without what `map_definitions` makes writable."""
    replace(result_writer_decl.ResultWriter, "_eval_body", _write_by_parameters)


@dataclass(frozen=True)
class ResultWriter:
    """A Map's writer: `arguments` as they stand in the definition, or moto's evaluation component `parameters`."""

    config: dict[str, str]
    arguments: Any
    parameters: Any

    def eval(self, env: Any) -> None:
        """Write the results on the stack; leaves what the state tells of them there."""
        given = _evaluated(self.arguments, env) if self.parameters is None else _popped(self.parameters, env)
        results: MapResults = env.stack.pop()
        env.stack.append(_write(env, results, given["Bucket"], given.get("Prefix", ""), self.config))


def _write_by_parameters(self: Any, env: Any) -> None:
    ResultWriter(config={}, arguments=None, parameters=self.parargs).eval(env)


def _popped(component: Any, env: Any) -> Any:
    component.eval(env)
    return env.stack.pop()


def _evaluated(template: Any, env: Any) -> Any:
    if isinstance(template, dict):
        return {name: _evaluated(value, env) for name, value in template.items()}
    if isinstance(template, list):
        return [_evaluated(value, env) for value in template]
    if isinstance(template, str) and template.startswith("{%") and template.endswith("%}"):
        return _popped(StringJSONata(template[2:-2].strip()), env)
    return template


def _write(env: Any, results: MapResults, bucket: str, prefix: str, config: dict[str, str]) -> dict[str, Any]:
    s3 = clients.client_for(env.aws_execution_details.region, "s3")
    folder = "/".join(part for part in (prefix.strip("/"), results.map_run_arn.split(":")[-1]) if part)
    files: dict[str, list[dict[str, Any]]] = {}
    for name, statuses in _FILES.items():
        children = [child for child in results.children if child.status in statuses]
        files[name] = []
        if children:
            key, body = f"{folder}/{name}_0.json", _text(children, config).encode()
            s3.put_object(Bucket=bucket, Key=key, Body=body)
            files[name].append({"Key": key, "Size": len(body)})
    manifest = {"DestinationBucket": bucket, "MapRunArn": results.map_run_arn, "ResultFiles": files}
    key = f"{folder}/manifest.json"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(manifest).encode())
    return {"MapRunArn": results.map_run_arn, "ResultWriterDetails": {"Bucket": bucket, "Key": key}}


def _text(children: list[Child], config: dict[str, str]) -> str:
    entries = _entries(children, config.get("Transformation", "NONE"))
    if config.get("OutputType", "JSON") == "JSONL":
        return "\n".join(_json(entry) for entry in entries)
    return _json(entries)


def _entries(children: list[Child], transformation: str) -> list[Any]:
    if transformation == "NONE" or children[0].status != "SUCCEEDED":
        return [_described(child) for child in children]
    outputs = [child.output for child in children]
    if transformation == "FLATTEN":
        return [each for output in outputs for each in (output if isinstance(output, list) else [output])]
    return outputs


def _described(child: Child) -> dict[str, Any]:
    facts = {
        "Cause": child.cause,
        "Error": child.error,
        "ExecutionArn": child.arn or None,
        "Input": _json(child.given),
        "InputDetails": {"Included": True},
        "Name": child.arn.rsplit(":", 1)[-1] or None,
        "Output": None if child.status != "SUCCEEDED" else _json(child.output),
        "StartDate": child.began and iso_milliseconds(child.began),
        "StateMachineArn": child.machine_arn,
        "Status": child.status,
        "StopDate": child.ended and iso_milliseconds(child.ended),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
