"""What an operation needs: which actions, on which resources, with which condition keys.

Where the operation is named as the action and has its resource's ARN among its parameters, nothing is written here.
The rest is, service by service, with where AWS says so. What nothing is known of becomes an action on "*", which the
evaluator refuses for an action that has resources: nothing is allowed by mistake.

https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from collections.abc import Callable, Mapping
from typing import Any

from local.engine.permissions import s3_needs
from local.engine.permissions.calls import Need
from local.engine.permissions.facts import Facts
from local.engine.permissions.requests import AwsRequest

Context = dict[str, str | list[str]]


def needs_of(request: AwsRequest, *, account: str, facts: Facts) -> list[Need]:
    """Return everything that a request needs; all of it must be allowed."""
    special = _SERVICES.get(request.service)
    found = special(request, account, facts) if special else None
    return found or [Need(f"{request.service}:{request.operation}", _arn_among(request.parameters) or "*")]


def _arn_among(parameters: Mapping[str, Any]) -> str | None:
    return next((value for value in parameters.values() if isinstance(value, str) and value.startswith("arn:")), None)


def _arn(request: AwsRequest, account: str, resource: str) -> str:
    return f"arn:aws:{request.service}:{request.region}:{account}:{resource}"


def _as_arn(request: AwsRequest, account: str, given: str, prefix: str) -> str:
    return given if given.startswith("arn:") else _arn(request, account, prefix + given)


def _s3(request: AwsRequest, account: str, facts: Facts) -> list[Need] | None:
    return s3_needs.needs_of(request.operation, request.parameters, facts)


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html (Using IAM with transactions)
_OF_TRANSACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def _dynamodb(request: AwsRequest, account: str, facts: Facts) -> list[Need] | None:
    given = request.parameters

    def table(name: str) -> str:
        return _as_arn(request, account, name, "table/")

    def leading_keys(name: str, keys: list[Mapping[str, Any]]) -> Context:
        hash_key = facts.hash_key(name) or ""
        values = sorted({str(next(iter(key[hash_key].values()))) for key in keys if hash_key in key})
        return {"dynamodb:LeadingKeys": values} if values else {}

    if request.operation in ("BatchWriteItem", "BatchGetItem"):
        return [Need(f"dynamodb:{request.operation}", table(name)) for name in given["RequestItems"]]
    if request.operation in ("TransactWriteItems", "TransactGetItems"):
        return [
            Need(f"dynamodb:{_OF_TRANSACTIONS.get(kind, 'GetItem')}", table(part["TableName"]))
            for item in given["TransactItems"]
            for kind, part in item.items()
        ]
    if "TableName" not in given:
        return None
    keys = [given[name] for name in ("Key", "Item") if name in given]
    # a query of an index needs the index, and not the table
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/using-identity-based-policies.html
    index = f"/index/{given['IndexName']}" if "IndexName" in given else ""
    context = leading_keys(given["TableName"], keys)
    return [Need(f"dynamodb:{request.operation}", table(given["TableName"]) + index, context)]


def _lambda(request: AwsRequest, account: str, facts: Facts) -> list[Need] | None:
    # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html: "This operation requires lambda:InvokeFunction"
    if request.operation not in ("Invoke", "InvokeAsync", "InvokeWithResponseStream"):
        return None
    arn = _as_arn(request, account, request.parameters["FunctionName"], "function:")
    qualifier = request.parameters.get("Qualifier")
    if qualifier and len(arn.split(":")) == 7:
        arn = f"{arn}:{qualifier}"
    return [Need("lambda:InvokeFunction", arn)]


def _ecs(request: AwsRequest, account: str, facts: Facts) -> list[Need] | None:
    given = request.parameters
    cluster = _as_arn(request, account, given.get("cluster", "default"), "cluster/")
    in_cluster: Context = {"ecs:cluster": cluster}

    def task(name: str) -> str:
        return _as_arn(request, account, name, f"task/{cluster.rsplit('/', 1)[-1]}/")

    if request.operation == "RunTask":
        return _run_task(request, in_cluster, task("new"), facts)
    if request.operation == "StopTask":
        return [Need("ecs:StopTask", task(given["task"]), in_cluster)]
    if request.operation == "DescribeTasks":
        return [Need("ecs:DescribeTasks", task(name), in_cluster) for name in given["tasks"]]
    return None


def _run_task(request: AwsRequest, in_cluster: Context, new_task: str, facts: Facts) -> list[Need]:
    given = request.parameters
    definition = facts.task_definition(given["taskDefinition"])
    overrides = given.get("overrides", {})
    roles = {*definition.roles, *(overrides[name] for name in ("taskRoleArn", "executionRoleArn") if name in overrides)}
    needs = [Need("ecs:RunTask", definition.arn, in_cluster)]
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security_iam_id-based-policy-examples.html (PassRole)
    needs += [Need("iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"}) for role in sorted(roles)]
    if given.get("tags") or given.get("propagateTags", "NONE") != "NONE":
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
        keys = [tag["key"] for tag in given.get("tags", [])]
        needs.append(Need("ecs:TagResource", new_task, {"ecs:CreateAction": "RunTask", "aws:TagKeys": keys}))
    return needs


def _events(request: AwsRequest, account: str, facts: Facts) -> list[Need] | None:
    given = request.parameters
    if request.operation == "PutEvents":
        return [
            Need(
                "events:PutEvents",
                _as_arn(request, account, entry.get("EventBusName", "default"), "event-bus/"),
                {"events:source": entry.get("Source", ""), "events:detail-type": entry.get("DetailType", "")},
            )
            for entry in given["Entries"]
        ]
    name = given.get("Name") or given.get("Rule")
    if name is None:
        return None
    bus = str(given.get("EventBusName", "default")).rsplit("/", 1)[-1]
    return [
        Need(
            f"events:{request.operation}", _arn(request, account, f"rule/{'' if bus == 'default' else bus + '/'}{name}")
        )
    ]


def _states(request: AwsRequest, account: str, facts: Facts) -> list[Need] | None:
    arn = request.parameters.get("stateMachineArn")
    if arn is None:
        return None
    return [state_machine_need(f"states:{request.operation}", arn)]


def state_machine_need(action: str, arn: str) -> Need:
    """Return what an action on a state machine, one of its versions or aliases needs.

    Authorized is the machine's own ARN; the version's or alias's name is a condition key.
    https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
    """
    parts = arn.split(":")
    context: Context = {"states:StateMachineQualifier": parts[7]} if len(parts) > 7 else {}
    return Need(action, ":".join(parts[:7]), context)


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
_BATCHES = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}


def _sqs(request: AwsRequest, account: str, facts: Facts) -> list[Need] | None:
    url = request.parameters.get("QueueUrl")
    name = str(url).rsplit("/", 1)[-1] if url else request.parameters.get("QueueName")
    if name is None:
        return None
    return [Need(f"sqs:{_BATCHES.get(request.operation, request.operation)}", _arn(request, account, name))]


_SERVICES: dict[str, Callable[[AwsRequest, str, Facts], list[Need] | None]] = {
    "s3": _s3,
    "dynamodb": _dynamodb,
    "lambda": _lambda,
    "ecs": _ecs,
    "events": _events,
    "states": _states,
    "sqs": _sqs,
}
