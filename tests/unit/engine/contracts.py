"""What AWS does and stock moto does not: one probe per seam, run on both.

A probe takes a maker of boto3 clients and returns what it saw; `expected` is what AWS shows. As long as
stock moto shows something else, the seam is needed.

    python contracts.py        prints what stock moto shows, as JSON (no seam installed)
"""

import json
import sys
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from threading import Barrier, BrokenBarrierError
from types import SimpleNamespace
from typing import Any

Client = Callable[[str], Any]
ROLE = "arn:aws:iam::123456789012:role/any"
QUOTED = 'say "hi"\n\\ {% x %}'


@dataclass(frozen=True)
class Contract:
    """A probe and what AWS shows. `on_jsonata`: stock moto needs its JSONata mended for the probe to mean anything."""

    seam: str
    probe: Callable[[Client], Any]
    expected: Any
    on_jsonata: bool = False


def machine(client: Client, definition: dict[str, Any]) -> str:
    answer = client("stepfunctions").create_state_machine(
        name=f"probe-{uuid.uuid4().hex}", definition=json.dumps(definition), roleArn=ROLE
    )
    return str(answer["stateMachineArn"])


def execute(client: Client, definition: dict[str, Any], given: Any = None) -> dict[str, Any]:
    sfn = client("stepfunctions")
    started = sfn.start_execution(
        stateMachineArn=machine(client, definition), name=uuid.uuid4().hex, input=json.dumps(given or {})
    )
    return ended(client, started["executionArn"])


def ended(client: Client, arn: str, seconds: float = 20) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        described: dict[str, Any] = client("stepfunctions").describe_execution(executionArn=arn)
        if described["status"] != "RUNNING" or time.monotonic() > deadline:
            return described
        time.sleep(0.02)


def output(described: dict[str, Any]) -> Any:
    return json.loads(described["output"]) if "output" in described else described["status"]


def stack(client: Client, resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> dict[str, str]:
    name = f"probe-{uuid.uuid4().hex[:8]}"
    body = {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in (outputs or {}).items()}}
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body))
    described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}


def until(look: Callable[[], Any], seconds: float = 5) -> Any:
    deadline = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen


def _jsonata(client: Client) -> Any:
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Keep",
        "States": {
            "Keep": {"Type": "Pass", "Assign": {"kept": "{% $states.input.text %}"}, "Next": "Show"},
            "Show": {"Type": "Pass", "Output": {"shown": "{% $kept & '!' %}"}, "End": True},
        },
    }
    return output(execute(client, definition, {"text": QUOTED}))


def _variables(client: Client) -> Any:
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "First",
        "States": {
            "First": {"Type": "Pass", "Assign": {"x": 1}, "Next": "Second"},
            "Second": {"Type": "Pass", "Assign": {"x": 2}, "Output": "{% $x %}", "End": True},
        },
    }
    return output(execute(client, definition))


def _casing(client: Client) -> Any:
    definition = {
        "StartAt": "List",
        "States": {
            "List": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sfn:listStateMachines",
                "Parameters": {"MaxResults": 1},
                "End": True,
            }
        },
    }
    seen = output(execute(client, definition))
    if not isinstance(seen, dict):
        return seen
    listed = seen.get("StateMachines") or [{}]
    return [sorted(listed[0]), type(listed[0].get("CreationDate")).__name__]


def _state_evaluation(client: Client) -> Any:
    queue = client("sqs").create_queue(QueueName=f"probe-{uuid.uuid4().hex}")["QueueUrl"]
    definition = {
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}},
                "TimeoutSeconds": 30,
                "End": True,
            }
        },
    }
    sfn = client("stepfunctions")
    arn = sfn.start_execution(stateMachineArn=machine(client, definition), name=uuid.uuid4().hex)["executionArn"]
    until(lambda: "TaskSubmitted" in [e["type"] for e in sfn.get_execution_history(executionArn=arn)["events"]])
    sfn.stop_execution(executionArn=arn)
    return ended(client, arn, seconds=3)["status"]


def _choice_rules(client: Client) -> Any:
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Choose",
        "States": {
            "Choose": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% true %}", "Next": "Show", "Assign": {"by": "rule"}}],
                "Assign": {"by": "default"},
                "Default": "Show",
            },
            "Show": {"Type": "Pass", "Output": {"by": "{% $by %}"}, "End": True},
        },
    }
    return output(execute(client, definition))


def _tasks(client: Client) -> Any:
    ecs, described = client("ecs"), client("ecs").list_task_definitions(familyPrefix="local-pack")
    subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    started = ecs.run_task(
        cluster=ecs.list_clusters()["clusterArns"][0],
        taskDefinition=described["taskDefinitionArns"][0],
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": []}},
        overrides={
            "containerOverrides": [
                {
                    "name": "carton",
                    "environment": [{"name": "DO", "value": "exit"}, {"name": "CODE", "value": "3"}],
                }
            ]
        },
    )["tasks"][0]

    def stopped() -> Any:
        task = ecs.describe_tasks(cluster=started["clusterArn"], tasks=[started["taskArn"]])["tasks"][0]
        return task if task["lastStatus"] == "STOPPED" else None

    task = until(stopped, 10) or {}
    return [task.get("stopCode"), [container.get("exitCode") for container in task.get("containers", [])]]


def _task_definitions(client: Client) -> Any:
    family = f"probe-{uuid.uuid4().hex[:8]}"
    definition = {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {
            "Family": family,
            "Cpu": "256",
            "Memory": "512",
            "NetworkMode": "awsvpc",
            "RequiresCompatibilities": ["FARGATE"],
            "ContainerDefinitions": [{"Name": "box", "Image": "box"}],
        },
    }
    stack(client, {"Definition": definition})
    described = client("ecs").describe_task_definition(taskDefinition=family)["taskDefinition"]
    return [described.get("cpu"), described.get("networkMode"), described["containerDefinitions"][0].get("memory")]


def _lambda_functions(client: Client) -> Any:
    name = client("lambda").list_functions()["Functions"][0]["FunctionName"]
    answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps({"do": "greet", "name": "Ada"}))
    told = json.loads(answer["Payload"].read())
    logging = client("lambda").get_function_configuration(FunctionName=name).get("LoggingConfig", {})
    return [told.get("greeting") if isinstance(told, dict) else told, logging.get("LogGroup", "").startswith("/greet/")]


def _listening_queue(client: Client, pattern: dict[str, Any]) -> str:
    return _queue_of_rule(client, Name=f"probe-{uuid.uuid4().hex}", EventPattern=json.dumps(pattern))


def _queue_of_rule(client: Client, **rule: str) -> str:
    url = str(client("sqs").create_queue(QueueName=rule["Name"])["QueueUrl"])
    arn = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client("events").put_rule(**rule)
    client("events").put_targets(Rule=rule["Name"], Targets=[{"Id": "queue", "Arn": arn}])
    return url


def _received(client: Client, url: str) -> Any:
    messages = until(lambda: client("sqs").receive_message(QueueUrl=url).get("Messages"), 2)
    return json.loads(messages[0]["Body"]) if messages else None


def _object_events(client: Client) -> Any:
    bucket, s3 = f"probe-{uuid.uuid4().hex}", client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    created = {"detail-type": ["Object Created"], "detail": {"bucket": {"name": [bucket]}}}
    url = _listening_queue(client, created)
    s3.put_object(Bucket=bucket, Key="a+b 100%25.wav", Body=b"x")
    event = _received(client, url) or {"detail": {"object": {}}}
    described = [event["detail"].get("reason"), sorted(event["detail"]["object"]), event["detail"]["object"].get("key")]
    return [*described, _reasons_of_multipart(client, bucket, url)]


def _reasons_of_multipart(client: Client, bucket: str, url: str) -> list[Any]:
    s3, named = client("s3"), {"Bucket": bucket, "Key": "in parts.wav"}
    client("sqs").purge_queue(QueueUrl=url)
    upload = named | {"UploadId": s3.create_multipart_upload(**named)["UploadId"]}
    part = {"PartNumber": 1, "ETag": s3.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"]}
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]})
    received = [_received(client, url), _received(client, url)]
    return [event and event["detail"].get("reason") for event in received]


def _conditional_writes(client: Client) -> Any:
    table = f"probe-{uuid.uuid4().hex}"
    client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return [_who_wrote(client, table), _read_meanwhile(client, table), _read_before(client, table)]


def _who_wrote(client: Client, table: str) -> list[bool]:
    """Whether each of two writers succeeds who both want to be the first."""
    from moto.dynamodb import models

    dynamodb = client("dynamodb")

    def write(value: str) -> bool:
        try:
            _set_winner(client, table, "one", value, ConditionExpression="attribute_not_exists(id)")
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    # whoever has looked waits for the other to look too, for as long as it takes when they take turns
    both_looked = Barrier(2, timeout=0.5)

    def look_and_wait(*arguments: Any) -> Any:
        parser = parser_of(*arguments)
        condition = parser.parse()
        return SimpleNamespace(
            parse=lambda: SimpleNamespace(expr=lambda item: _then(condition.expr(item), both_looked))
        )

    parser_of, models.create_condition_expression_parser = models.create_condition_expression_parser, look_and_wait
    try:
        with ThreadPoolExecutor() as side_by_side:
            return sorted(side_by_side.map(write, ("a", "b")))
    finally:
        models.create_condition_expression_parser = parser_of


def _read_meanwhile(client: Client, table: str) -> list[list[str]]:
    """The attributes that readers see of an item which is just being written."""
    from moto.dynamodb import models

    dynamodb, key = client("dynamodb"), {"id": {"S": "two"}}
    ways = [
        lambda: [dynamodb.get_item(TableName=table, Key=key)["Item"]],
        lambda: dynamodb.batch_get_item(RequestItems={table: {"Keys": [key]}})["Responses"][table],
        lambda: dynamodb.query(
            TableName=table, KeyConditionExpression="id = :id", ExpressionAttributeValues={":id": key["id"]}
        )["Items"],
        lambda: dynamodb.scan(
            TableName=table, FilterExpression="id = :id", ExpressionAttributeValues={":id": key["id"]}
        )["Items"],
    ]
    readers: list[Future[Any]] = []

    # half-way the writer waits for the readers, for as long as it takes when they take turns
    def read_and_execute(*arguments: Any) -> Any:
        readers.extend(side_by_side.submit(way) for way in ways)
        wait(readers, 0.5)
        return executor(*arguments)

    executor, models.UpdateExpressionExecutor = models.UpdateExpressionExecutor, read_and_execute
    try:
        with ThreadPoolExecutor() as side_by_side:
            _set_winner(client, table, "two", "a")
            return [sorted(item) for reader in readers for item in reader.result()]
    finally:
        models.UpdateExpressionExecutor = executor


def _read_before(client: Client, table: str) -> Any:
    """What a reader has in hand who read before a write and answers after it."""
    from moto.dynamodb.models import dynamodb_backends

    backend = dynamodb_backends["123456789012"]["us-east-1"]
    _set_winner(client, table, "three", "a")
    read = backend.get_item(table, {"id": {"S": "three"}})
    _set_winner(client, table, "three", "b")
    return read and read.to_json()["Attributes"]["winner"]


def _set_winner(client: Client, table: str, name: str, value: str, **condition: str) -> None:
    client("dynamodb").update_item(
        TableName=table,
        Key={"id": {"S": name}},
        UpdateExpression="SET winner = :value",
        ExpressionAttributeValues={":value": {"S": value}},
        **condition,
    )


def _then(seen: bool, both: Barrier) -> bool:
    with suppress(BrokenBarrierError):
        both.wait()
    return seen


def _execution_status_events(client: Client) -> Any:
    arn = machine(client, {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Result": {"a": 1}, "End": True}}})
    url = _listening_queue(client, {"source": ["aws.states"], "detail": {"stateMachineArn": [arn]}})
    client("stepfunctions").start_execution(stateMachineArn=arn, name="once", input='{"n":  1}')
    first, last = (_received(client, url) or {"detail": {}} for _ in range(2))
    shown = ("status", "input", "inputDetails", "output", "outputDetails")
    return [[event["detail"].get(name) for name in shown] for event in (first, last)]


def _event_targets(client: Client) -> Any:
    timer = f"probe-{uuid.uuid4().hex}"
    url = _queue_of_rule(client, Name=timer, ScheduleExpression="rate(1 day)")
    target = machine(client, {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    source = f"probe-{uuid.uuid4().hex}"
    client("events").put_rule(Name=source, EventPattern=json.dumps({"source": [source]}))
    client("events").put_targets(
        Rule=source,
        Targets=[
            {
                "Id": "machine",
                "Arn": target,
                "RoleArn": ROLE,
                "InputTransformer": {
                    "InputPathsMap": {"n": "$.detail.n", "kind": "$.detail-type"},
                    "InputTemplate": '{"n": <n>, "kind": "<kind>"}',
                },
            }
        ],
    )
    entry = {"Source": source, "DetailType": 'a "kind"', "Detail": json.dumps({"n": [1, 2]})}
    client("events").put_events(Entries=[entry])
    sfn = client("stepfunctions")
    executions = until(lambda: sfn.list_executions(stateMachineArn=target)["executions"], 2)
    if not executions:
        return "none started"
    given = json.loads(sfn.describe_execution(executionArn=executions[0]["executionArn"])["input"])
    return [given, client("sqs").receive_message(QueueUrl=url).get("Messages", "nothing for the schedule")]


def _bucket_settings(client: Client) -> Any:
    bucket = f"probe-{uuid.uuid4().hex}"
    properties = {
        "BucketName": bucket,
        "VersioningConfiguration": {"Status": "Enabled"},
        "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
    }
    stack(client, {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties}})
    url = _listening_queue(client, {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}})
    put = client("s3").put_object(Bucket=bucket, Key="a", Body=b"x")
    return ["VersionId" in put, _received(client, url) is not None]


def _log_group_arns(client: Client) -> Any:
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"probe-{uuid.uuid4().hex}"}}
    return stack(client, {"Group": group}, {"Arn": {"Fn::GetAtt": ["Group", "Arn"]}})["Arn"][-2:]


def _conditional_resources(client: Client) -> Any:
    name = f"probe-{uuid.uuid4().hex[:8]}"
    queue = {"Type": "AWS::SQS::Queue"}
    body = {
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {"LeftOut": {**queue, "Condition": "Never"}, "Made": queue},
    }
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body))
    described = cloudformation.describe_stack_resource(StackName=name, LogicalResourceId="Made")
    return described["StackResourceDetail"]["ResourceType"]


def _execution_records(client: Client) -> Any:
    sfn = client("stepfunctions")
    arn = machine(client, {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    ended(client, execution)
    newest = sfn.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)["events"]
    return [execution.endswith(":None"), [event["type"] for event in newest]]


def _failure_names(client: Client) -> Any:
    definition = {
        "StartAt": "Give up",
        "States": {"Give up": {"Type": "Fail", "Error": "States.TaskFailed", "Cause": "no more"}},
    }
    described = execute(client, definition)
    return [described.get("error"), described.get("cause")]


def _state_machines(client: Client) -> Any:
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Result": {"ran": True}, "End": True}}}
    outputs = stack(
        client,
        {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {"DefinitionString": json.dumps(definition), "RoleArn": ROLE},
            }
        },
        {"Arn": {"Ref": "Machine"}},
    )
    started = client("stepfunctions").start_execution(stateMachineArn=outputs["Arn"], name="once", input="{}")
    return output(ended(client, started["executionArn"], 2))


def _intrinsic_functions(client: Client) -> Any:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {}}
    blocks = {"Fn::Select": [1, {"Fn::Cidr": ["10.0.0.0/24", 2, 6]}]}
    return stack(client, {"Queue": queue}, {"Block": blocks}).get("Block")


def _references(client: Client) -> Any:
    bus = {"Type": "AWS::Events::EventBus", "Properties": {"Name": f"probe-{uuid.uuid4().hex}"}}
    named = stack(client, {"Bus": bus}, {"Name": {"Ref": "Bus"}}).get("Name")
    return named == bus["Properties"]["Name"]  # type: ignore[index]


def _function_versions(client: Client) -> Any:
    name = f"probe-{uuid.uuid4().hex[:8]}"
    function = {"FunctionName": name, "Runtime": "python3.13", "Handler": "a.b", "Role": _role(client), "Code": {}}
    function["Code"] = {"ZipFile": "no code"}
    version = {"Fn::GetAtt": ["Version", "Version"]}
    resources = {
        "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
        "Alias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {"FunctionName": {"Ref": "Function"}, "FunctionVersion": version, "Name": "live"},
        },
    }
    told = stack(client, resources, {"Arn": {"Ref": "Version"}, "Number": version, "Alias": {"Ref": "Alias"}})
    named = [told["Arn"].rpartition(":function:")[2], told["Alias"].rpartition(":function:")[2]]
    return [*(text.replace(name, "name") for text in named), told["Number"]]


def _state_machine_versions(client: Client) -> Any:
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Result": "first", "End": True}}}
    machine = {"DefinitionString": json.dumps(definition), "RoleArn": ROLE}
    version = {"StateMachineArn": {"Ref": "Machine"}}
    version["StateMachineRevisionId"] = {"Fn::GetAtt": ["Machine", "StateMachineRevisionId"]}  # type: ignore[dict-item]
    routes = {"StateMachineVersionArn": {"Ref": "Version"}, "Type": "ALL_AT_ONCE"}
    resources = {
        "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine},
        "Version": {"Type": "AWS::StepFunctions::StateMachineVersion", "Properties": version},
        "Alias": {
            "Type": "AWS::StepFunctions::StateMachineAlias",
            "Properties": {"Name": "live", "DeploymentPreference": routes},
        },
    }
    told = stack(client, resources, {"Machine": {"Ref": "Machine"}, "Alias": {"Ref": "Alias"}})
    sfn = client("stepfunctions")
    second = json.dumps(definition).replace("first", "second")
    sfn.update_state_machine(stateMachineArn=told["Machine"], definition=second, publish=True)
    started = sfn.start_execution(stateMachineArn=told["Alias"], name="once")
    described = ended(client, started["executionArn"])
    listed = sfn.list_state_machine_versions(stateMachineArn=told["Machine"])["stateMachineVersions"]
    by = [described[f"stateMachine{each}Arn"].removeprefix(told["Machine"]) for each in ("Version", "Alias")]
    return [output(described), *by, [each["stateMachineVersionArn"][-2:] for each in listed]]


def _role(client: Client) -> str:
    roles = client("iam").list_roles()["Roles"]
    return str(roles[0]["Arn"])


def _clients(client: Client) -> Any:
    from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for

    return boto_client_for("us-east-1", "sqs") is boto_client_for("us-east-1", "sqs")


def _time_scale(client: Client) -> Any:
    definition = {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 30, "End": True}}}
    sfn = client("stepfunctions")
    started = sfn.start_execution(stateMachineArn=machine(client, definition), name="once")
    return ended(client, started["executionArn"], 3)["status"]


def _distributed_map(processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    children = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **processor}
    return {"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": children, "End": True, **fields}}}


_PASS_ON = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


def _distributed_maps(client: Client) -> Any:
    states = {
        "IsLarge": {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericGreaterThan": 2, "Next": "Large"}],
            "Default": "Done",
        },
        "Large": {"Type": "Fail", "Error": "TooLarge"},
        "Done": {"Type": "Succeed"},
    }
    definition = _distributed_map(
        {"StartAt": "IsLarge", "States": states}, ItemsPath="$.items", MaxConcurrency=1, ToleratedFailurePercentage=20.0
    )
    return execute(client, definition, {"items": [1, 2, 3, 4, 5]}).get("error")


def _item_readers(client: Client) -> Any:
    bucket, s3 = f"probe-{uuid.uuid4().hex}", client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="some/object", Body=b"x")

    def items(prefix: str) -> Any:
        reader = {
            "Resource": "arn:aws:states:::s3:listObjectsV2",
            "Parameters": {"Bucket": bucket, "Prefix": prefix},
        }
        return output(execute(client, _distributed_map(_PASS_ON, ItemReader=reader)))

    listed = items("some/")
    return [items("none/"), sorted(listed[0]), type(listed[0]["LastModified"]).__name__]


def _result_writers(client: Client) -> Any:
    bucket, s3 = f"probe-{uuid.uuid4().hex}", client("s3")
    s3.create_bucket(Bucket=bucket)
    writer = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": bucket, "Prefix": "results"},
    }
    told = output(
        execute(client, _distributed_map(_PASS_ON, ItemsPath="$.items", ResultWriter=writer), {"items": [1, 2]})
    )
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=told["ResultWriterDetails"]["Key"])["Body"].read())
    (written,) = manifest["ResultFiles"]["SUCCEEDED"]
    results = json.loads(s3.get_object(Bucket=bucket, Key=written["Key"])["Body"].read())
    return [[result["Status"], result["Input"], result["Output"]] for result in results]


def _map_definitions(client: Client) -> Any:
    bucket = f"probe-{uuid.uuid4().hex}"
    client("s3").create_bucket(Bucket=bucket)
    writer = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": bucket, "Prefix": "results"},
        "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"},
    }
    definition = _distributed_map(_PASS_ON, ItemsPath="$.items", ToleratedFailurePercentage=20, ResultWriter=writer)
    return execute(client, definition, {"items": [1, 2]})["status"]


def _nested_executions(client: Client) -> Any:
    sfn = client("stepfunctions")
    nested = machine(client, {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 36000, "End": True}}})
    waiting = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": nested, "Input": {}},
        "End": True,
    }
    arn = machine(client, {"StartAt": "Run", "States": {"Run": waiting}})
    outer = sfn.start_execution(stateMachineArn=arn, name=uuid.uuid4().hex)["executionArn"]
    started = until(lambda: sfn.list_executions(stateMachineArn=nested)["executions"], 3)
    sfn.stop_execution(executionArn=outer)
    ended(client, outer, 3)
    return ended(client, started[0]["executionArn"], 3)["status"] if started else "none started"


def _sdk_failures(client: Client) -> Any:
    bucket = f"probe-{uuid.uuid4().hex}"
    client("s3").create_bucket(Bucket=bucket)
    head = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:headObject",
        "Parameters": {"Bucket": bucket, "Key": "none"},
        "End": True,
    }
    return execute(client, {"StartAt": "Head", "States": {"Head": head}}).get("error")


CONTRACTS = [
    Contract("jsonata_expressions", _jsonata, {"shown": QUOTED + "!"}),
    Contract("variables", _variables, 1, on_jsonata=True),
    Contract("casing", _casing, [["CreationDate", "Name", "StateMachineArn", "Type"], "str"]),
    Contract("state_evaluation", _state_evaluation, "ABORTED"),
    Contract("choice_rules", _choice_rules, {"by": "rule"}, on_jsonata=True),
    Contract("tasks", _tasks, ["EssentialContainerExited", [3]]),
    Contract("task_definitions", _task_definitions, ["256", "awsvpc", 512]),
    Contract("lambda_functions", _lambda_functions, ["Hello, Ada!", True]),
    Contract("log_group_arns", _log_group_arns, ":*"),
    Contract(
        "object_events",
        _object_events,
        [
            "PutObject",
            ["etag", "key", "sequencer", "size", "version-id"],
            "a+b 100%25.wav",
            ["CompleteMultipartUpload", None],
        ],
    ),
    Contract("conditional_resources", _conditional_resources, "AWS::SQS::Queue"),
    Contract("conditional_writes", _conditional_writes, [[False, True], [["id", "winner"]] * 4, {"S": "a"}]),
    Contract("event_targets", _event_targets, [{"n": [1, 2], "kind": 'a "kind"'}, "nothing for the schedule"]),
    Contract(
        "execution_status_events",
        _execution_status_events,
        [
            ["RUNNING", '{"n":  1}', {"included": True}, None, None],
            ["SUCCEEDED", '{"n":  1}', {"included": True}, '{"a":1}', {"included": True}],
        ],
    ),
    Contract("bucket_settings", _bucket_settings, [True, True]),
    Contract("execution_records", _execution_records, [False, ["ExecutionSucceeded"]]),
    Contract("failure_names", _failure_names, ["States.TaskFailed", "no more"]),
    Contract("state_machines", _state_machines, {"ran": True}),
    Contract("intrinsic_functions", _intrinsic_functions, "10.0.0.64/26"),
    Contract("references", _references, True),
    Contract("function_versions", _function_versions, ["name:1", "name:live", "1"]),
    Contract("state_machine_versions", _state_machine_versions, ["first", ":1", ":live", [":2", ":1"]]),
    Contract("clients", _clients, True),
    Contract("time_scale", _time_scale, "SUCCEEDED"),
    Contract("distributed_maps", _distributed_maps, "States.ExceedToleratedFailureThreshold"),
    Contract("item_readers", _item_readers, [[], ["Etag", "Key", "LastModified", "Size", "StorageClass"], "int"]),
    Contract("result_writers", _result_writers, [["SUCCEEDED", "1", "1"], ["SUCCEEDED", "2", "2"]]),
    Contract("map_definitions", _map_definitions, "SUCCEEDED"),
    Contract("nested_executions", _nested_executions, "ABORTED"),
    Contract("sdk_failures", _sdk_failures, "S3.NoSuchKeyException"),
]


def seen(contract: Contract, client: Client) -> Any:
    """Return what a probe sees; an error that it meets is what it sees."""
    try:
        return contract.probe(client)
    except Exception as error:  # noqa: BLE001 - shown
        return f"{type(error).__name__}: {error}"


def _world(client: Client) -> None:
    """Make by API calls what the probes find in the fixture project's stack."""
    client("ecs").create_cluster(clusterName="local")
    client("ecs").register_task_definition(
        family="local-pack", containerDefinitions=[{"name": "carton", "image": "carton", "memory": 128}]
    )
    role = client("iam").create_role(RoleName="any", AssumeRolePolicyDocument="{}", Path="/")["Role"]["Arn"]
    client("lambda").create_function(
        FunctionName="greet",
        Runtime="python3.13",
        Handler="greet.handler",
        Role=role,
        Code={"ZipFile": b"no code"},
    )


def main() -> None:
    """Print what stock moto shows."""
    import logging
    import warnings

    import boto3
    from moto import mock_aws

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    config = {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}
    with mock_aws(config=config):
        clients: dict[str, Any] = {}

        def client(service: str) -> Any:
            return clients.setdefault(service, boto3.client(service, region_name="us-east-1"))

        _world(client)
        with ThreadPoolExecutor() as side_by_side:
            first = [each for each in CONTRACTS if not each.on_jsonata]
            shown = {
                each.seam: told
                for each, told in zip(first, side_by_side.map(lambda it: seen(it, client), first), strict=True)
            }

        from local.engine.seams import jsonata_expressions

        jsonata_expressions.install()
        shown |= {each.seam: seen(each, client) for each in CONTRACTS if each.on_jsonata}
    sys.stdout.write(json.dumps(shown))


if __name__ == "__main__":
    main()
