"""What the translated template promises: who may do what, what is kept, what is closed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FUNCTION_LOCKS = [*ROOT.glob("tasks/*/requirements.txt")]

Template = dict[str, Any]


def resources_of_type(template: Template, type_name: str) -> dict[str, Any]:
    return {name: r for name, r in template["Resources"].items() if r["Type"] == type_name}


def statements(template: Template) -> list[tuple[str, dict[str, Any]]]:
    """Every statement of every identity policy, with its role; not those of a key of one's own."""
    found = []
    for name, role in resources_of_type(template, "AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []):
            found += [(name, statement) for statement in policy["PolicyDocument"]["Statement"]]
    for policy in resources_of_type(template, "AWS::IAM::Policy").values():
        for role in policy["Properties"]["Roles"] if policy.get("Condition") != "OwnKey" else []:
            found += [(role["Ref"], statement) for statement in policy["Properties"]["PolicyDocument"]["Statement"]]
    return found


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_given_the_bucket_then_it_is_versioned_encrypted_private_and_speaks_to_eventbridge(
    template: Template,
) -> None:
    bucket = template["Resources"]["RecordingsBucket"]["Properties"]

    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["NotificationConfiguration"]["EventBridgeConfiguration"]["EventBridgeEnabled"] is True


@pytest.mark.parametrize("policy", ["RecordingsBucketPolicy", "FailedStartsPolicy", "FailedSettlementsPolicy"])
def test_given_a_resource_policy_then_plain_http_is_denied(template: Template, policy: str) -> None:
    document = template["Resources"][policy]["Properties"]["PolicyDocument"]

    denials = [s for s in document["Statement"] if s["Effect"] == "Deny"]

    assert denials == [s for s in denials if s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}]
    assert denials


@pytest.mark.parametrize("kept", ["RecordingsBucket", "RecordingsTable"])
def test_given_data_when_the_stack_is_deleted_or_replaced_then_it_is_kept(template: Template, kept: str) -> None:
    resource = template["Resources"][kept]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_given_the_table_then_its_three_ways_of_access_are_there(template: Template) -> None:
    table = template["Resources"]["RecordingsTable"]["Properties"]

    assert [key["AttributeName"] for key in table["KeySchema"]] == ["id", "item"]
    assert {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in table["GlobalSecondaryIndexes"]
    } == {
        "RecordingsByUser": ["user_id", "recorded_at"],
        "RecordingsByStatus": ["processing_status", "processing_started_at"],
    }
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


def test_given_an_upload_under_either_prefix_then_the_rule_starts_the_live_version_and_loses_no_event(
    template: Template,
) -> None:
    rule = template["Resources"]["ProcessRecordingRecordingUploaded"]
    (target,) = rule["Properties"]["Targets"]

    prefixes = [p["prefix"] for p in rule["Properties"]["EventPattern"]["detail"]["object"]["key"]]
    assert prefixes == ["public/unprocessed/", "unprocessed/"]
    assert target["Arn"] == {"Ref": "ProcessRecordingAliaslive"}
    assert target["RoleArn"] == {"Fn::GetAtt": ["ProcessRecordingRecordingUploadedRole", "Arn"]}
    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["FailedStarts", "Arn"]}
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 86400


def test_given_an_execution_that_ends_badly_then_a_rule_has_it_settled_and_loses_no_event(template: Template) -> None:
    rule = template["Resources"]["SettleRecordingsExecutionEnded"]["Properties"]
    (target,) = rule["Targets"]

    assert rule["EventPattern"] == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [{"Ref": "ProcessRecording"}], "status": ["FAILED", "TIMED_OUT", "ABORTED"]},
    }
    assert target["Arn"] == {"Ref": "SettleRecordings"}
    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["FailedSettlements", "Arn"]}
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 86400


def test_given_the_clock_then_a_rule_has_lapsed_leases_settled(template: Template) -> None:
    rule = template["Resources"]["SettleRecordingsSweep"]["Properties"]
    (target,) = rule["Targets"]

    assert rule["ScheduleExpression"] == "rate(15 minutes)"
    assert target["Arn"] == {"Ref": "SettleRecordings"}
    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["FailedSettlements", "Arn"]}


def test_given_every_statement_then_none_allows_a_wildcard_action(template: Template) -> None:
    for role, statement in statements(template):
        for action in as_list(statement["Action"]):
            assert "*" not in action, f"{role}: {action}"


def test_given_every_statement_then_a_wildcard_resource_stands_only_where_aws_knows_no_other(
    template: Template,
) -> None:
    unbounded = {
        (role, statement["Sid"]) for role, statement in statements(template) if "*" in as_list(statement["Resource"])
    }

    assert unbounded == {
        ("ProcessRecordingRole", "DeliverLogs"),
        ("ProcessRecordingRole", "Trace"),
        ("SettleRecordingsRole", "DeliverLogs"),
        ("SettleRecordingsRole", "Trace"),
        ("ReprocessRecordingsRole", "DeliverLogs"),
        ("ReprocessRecordingsRole", "Trace"),
        ("ProcessAudioExecutionRole", "LogInToRegistry"),
    }


def test_given_functions_and_tasks_then_each_has_a_role_of_its_own(template: Template) -> None:
    functions = resources_of_type(template, "AWS::Lambda::Function")
    task = template["Resources"]["ProcessAudio"]["Properties"]
    roles = [f["Properties"]["Role"]["Fn::GetAtt"][0] for f in functions.values()]
    roles += [task["TaskRoleArn"]["Fn::GetAtt"][0], task["ExecutionRoleArn"]["Fn::GetAtt"][0]]

    assert set(functions) == {"ValidateUpload", "ExtractMetadata", "PersistResult"}
    assert len(set(roles)) == 5


def test_given_the_container_then_its_root_is_read_only_and_its_user_is_not_root(template: Template) -> None:
    (container,) = template["Resources"]["ProcessAudio"]["Properties"]["ContainerDefinitions"]

    assert container["ReadonlyRootFilesystem"] is True
    assert container["User"].split(":")[0] != "0"
    assert [mount["ContainerPath"] for mount in container["MountPoints"]] == ["/tmp"]


def test_given_the_container_when_ecs_stops_it_then_it_has_no_longer_than_fargate_grants(
    template: Template,
) -> None:
    (container,) = template["Resources"]["ProcessAudio"]["Properties"]["ContainerDefinitions"]

    assert container["StopTimeout"] <= 120


def test_given_log_groups_then_each_forgets(template: Template) -> None:
    groups = resources_of_type(template, "AWS::Logs::LogGroup")

    assert len(groups) == 7
    assert all(group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())


def test_given_the_tasks_security_group_then_nothing_comes_in(template: Template) -> None:
    group = template["Resources"]["TaskSecurityGroup"]["Properties"]

    assert "SecurityGroupIngress" not in group
    assert [(rule["FromPort"], rule["ToPort"]) for rule in group["SecurityGroupEgress"]] == [(443, 443)]


def test_given_a_key_of_one_s_own_then_it_is_used_for_everything_that_is_kept(template: Template) -> None:
    resources = template["Resources"]
    by_key = ["OwnKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]
    bucket = resources["RecordingsBucket"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]

    assert bucket["ServerSideEncryptionByDefault"]["Fn::If"][1]["KMSMasterKeyID"] == {"Ref": "KmsKeyArn"}
    assert resources["RecordingsTable"]["Properties"]["SSESpecification"]["KMSMasterKeyId"] == {"Fn::If": by_key}
    for queue in resources_of_type(template, "AWS::SQS::Queue").values():
        assert queue["Properties"]["KmsMasterKeyId"] == {"Fn::If": by_key}
    for group in resources_of_type(template, "AWS::Logs::LogGroup").values():
        assert group["Properties"]["KmsKeyId"] == {"Fn::If": by_key}


def test_given_a_key_of_one_s_own_then_each_role_may_use_it_only_through_the_services_whose_data_it_reads(
    template: Template,
) -> None:
    objects = {"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"}
    records = {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"}
    policies = resources_of_type(template, "AWS::IAM::Policy")

    def using(actions: set[str]) -> set[str]:
        return {role for role, statement in statements(template) if actions & set(as_list(statement["Action"]))}

    for name, service, roles in (
        ("UseKeyForObjects", "s3", using(objects)),
        ("UseKeyForRecords", "dynamodb", using(records)),
    ):
        policy = policies[name]
        (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
        assert policy["Condition"] == "OwnKey"
        assert {role["Ref"] for role in policy["Properties"]["Roles"]} == roles
        assert statement["Resource"] == {"Ref": "KmsKeyArn"}
        assert statement["Condition"] == {
            "StringEquals": {"kms:ViaService": {"Fn::Sub": f"{service}.${{AWS::Region}}.amazonaws.com"}}
        }
        assert all(action.startswith("kms:") and "*" not in action for action in statement["Action"])


def test_given_the_bucket_then_what_was_replaced_is_forgotten_and_the_rest_only_when_asked_for(
    template: Template,
) -> None:
    rules = template["Resources"]["RecordingsBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    asked = {rule["Fn::If"][1]["Prefix"]: rule["Fn::If"][0] for rule in rules if "Fn::If" in rule}
    always = {rule["Id"] for rule in rules if "Fn::If" not in rule}

    assert always == {"AbortUnfinishedUploads", "ForgetReplacedVersions", "ForgetReports"}
    assert asked == {
        "public/unprocessed/": "ForgetUploads",
        "unprocessed/": "ForgetUploads",
        "public/processed/": "ForgetResults",
    }


def test_given_prod_then_its_table_cannot_be_deleted_by_mistake(template: Template) -> None:
    assert template["Resources"]["RecordingsTable"]["Properties"]["DeletionProtectionEnabled"] == {
        "Fn::If": ["IsProd", True, False]
    }


def test_given_either_network_then_nothing_comes_in_and_only_the_private_one_has_endpoints_by_the_hour(
    template: Template,
) -> None:
    of_type = {name: resource["Type"] for name, resource in template["Resources"].items()}
    on = {name: resource.get("Condition") for name, resource in template["Resources"].items()}
    endpoints = resources_of_type(template, "AWS::EC2::VPCEndpoint")
    groups = resources_of_type(template, "AWS::EC2::SecurityGroup")

    assert {on[name] for name, each in endpoints.items() if each["Properties"]["VpcEndpointType"] == "Interface"} == {
        "MakePrivateVpc"
    }
    ways_out = {name for name, kind in of_type.items() if kind in {"AWS::EC2::InternetGateway", "AWS::EC2::Route"}}
    assert {on[name] for name in ways_out} == {"MakePublicVpc"}
    assert {name for name, each in groups.items() if "SecurityGroupIngress" in each["Properties"]} == {
        "EndpointSecurityGroup"
    }
    assert on["EndpointSecurityGroup"] == "MakePrivateVpc"
    substitutions = template["Resources"]["ProcessRecording"]["Properties"]["DefinitionSubstitutions"]
    assert substitutions["AssignPublicIp"]["Fn::If"][:2] == ["MakePublicVpc", "ENABLED"]


def test_given_every_parameter_then_it_is_described_defaulted_and_bounded(source_template: Template) -> None:
    bounds = {"AllowedValues", "AllowedPattern", "MinValue"}
    # What a deployment must be told: there is an image, or there is nothing to deploy.
    required = {"ImageUri"}

    for name, parameter in source_template["Parameters"].items():
        assert parameter["Description"], name
        assert ("Default" in parameter) is (name not in required), name
        assert bounds & parameter.keys(), name


def test_given_the_repository_then_no_account_id_stands_in_it() -> None:
    for path in [*ROOT.glob("*.yaml"), ROOT / "samconfig.toml", *(ROOT / "statemachine").iterdir()]:
        assert not re.search(r"(?<!\d)\d{12}(?!\d)", path.read_text()), path


@pytest.mark.parametrize("machine", ["ProcessRecording", "SettleRecordings", "ReprocessRecordings"])
def test_given_the_substitutions_then_they_are_just_what_the_state_machine_names(
    source_template: Template, machine: str
) -> None:
    properties = source_template["Resources"][machine]["Properties"]
    definition = (ROOT / properties["DefinitionUri"]).read_text()
    substitutions = properties["DefinitionSubstitutions"]

    assert set(re.findall(r"\$\{(\w+)\}", definition)) == set(substitutions)


def test_given_the_container_in_the_state_machine_then_its_overrides_name_the_template_s(
    template: Template, state_machine: dict[str, Any]
) -> None:
    (container,) = template["Resources"]["ProcessAudio"]["Properties"]["ContainerDefinitions"]
    overrides = state_machine["States"]["ProcessAudio"]["Arguments"]["Overrides"]["ContainerOverrides"]

    assert [override["Name"] for override in overrides] == [container["Name"]]


def test_given_a_function_when_its_policy_is_read_then_only_its_own_data_is_in_reach(
    template: Template,
) -> None:
    reach = {
        role: sorted({action for r, s in statements(template) if r == role for action in as_list(s["Action"])})
        for role in ("ValidateUploadRole", "ExtractMetadataRole", "PersistResultRole")
    }

    assert reach == {
        "ValidateUploadRole": ["s3:GetObjectVersion", "s3:ListBucket"],
        "ExtractMetadataRole": ["s3:GetObjectVersion", "s3:ListBucket"],
        "PersistResultRole": [
            "dynamodb:BatchWriteItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
            "s3:GetObject",
            "s3:ListBucket",
        ],
    }


def test_given_a_settlement_when_its_policy_is_read_then_it_finds_and_updates_records_and_announces(
    template: Template,
) -> None:
    own = [s for role, s in statements(template) if role == "SettleRecordingsRole" and s["Resource"] != "*"]

    assert {statement["Action"] for statement in own} == {"dynamodb:Query", "dynamodb:UpdateItem", "events:PutEvents"}


def test_given_a_reprocessing_when_its_policy_is_read_then_it_writes_reports_and_starts_the_two_machines_alone(
    template: Template,
) -> None:
    own = [statement for role, statement in statements(template) if role == "ReprocessRecordingsRole"]
    writes = [statement for statement in own if "s3:PutObject" in statement["Action"]]
    starts = [statement for statement in own if statement["Action"] == "states:StartExecution"]

    assert [statement["Resource"] for statement in writes] == [
        {"Fn::Sub": "${RecordingsBucket.Arn}/reports/reprocess/*"}
    ]
    assert [statement["Resource"] for statement in starts] == [
        {"Ref": "ProcessRecording"},
        {"Ref": "ReprocessRecordings"},
    ]


@pytest.mark.parametrize("role", ["ProcessRecordingRecordingUploadedRole", "ReprocessRecordingsRole"])
def test_given_who_starts_the_alias_then_iam_is_asked_for_the_state_machine_and_the_qualifier(
    template: Template, role: str
) -> None:
    (statement,) = [s for r, s in statements(template) if r == role and s["Sid"] == "StartProcessRecording"]

    assert statement["Resource"] == {"Ref": "ProcessRecording"}
    assert statement["Condition"] == {"ForAnyValue:StringEquals": {"states:StateMachineQualifier": "live"}}


def test_given_a_version_of_the_machine_then_functions_and_container_stay_those_that_it_was_published_with(
    template: Template,
) -> None:
    substitutions = template["Resources"]["ProcessRecording"]["Properties"]["DefinitionSubstitutions"]
    functions = [substitutions[f"{name}Arn"]["Ref"] for name in ("ValidateUpload", "ExtractMetadata", "PersistResult")]
    versions = [template["Resources"][name] for name in [*functions, "ProcessRecordingVersion"]]
    task = template["Resources"]["ProcessAudio"]

    assert [version["Type"] for version in versions[:3]] == ["AWS::Lambda::Version"] * 3
    assert {version["DeletionPolicy"] for version in versions} == {"Retain"}
    assert substitutions["TaskDefinitionArn"] == {"Ref": "ProcessAudio"}
    assert task["UpdateReplacePolicy"] == "Retain"
    assert task["Properties"]["ContainerDefinitions"][0]["Image"] == {"Ref": "ImageUri"}


@pytest.mark.parametrize("function", ["ValidateUpload", "ExtractMetadata", "PersistResult"])
def test_given_a_parameter_of_a_function_when_it_changes_then_a_version_is_published_and_the_one_before_kept(
    template: Template, source_template: Template, function: str
) -> None:
    properties = template["Resources"][function]["Properties"]
    configured = [properties["Environment"], properties["MemorySize"], properties["Timeout"]]
    parameters = {name for name in referenced(configured) if name in source_template["Parameters"]}
    (version,) = [
        each
        for name, each in resources_of_type(template, "AWS::Lambda::Version").items()
        if each["Properties"]["FunctionName"] == {"Ref": function}
    ]

    assert set(re.findall(r"\$\{(\w+)\}", version["Properties"]["Description"]["Fn::Sub"])) == parameters
    assert version["UpdateReplacePolicy"] == "Retain"


def referenced(node: Any) -> set[str]:
    """The names of all Refs."""
    match node:
        case {"Ref": str(name)}:
            return {name}
        case dict():
            return {name for value in node.values() for name in referenced(value)}
        case list():
            return {name for value in node for name in referenced(value)}
        case _:
            return set()


def test_given_an_execution_of_any_version_then_it_may_invoke_the_functions_that_it_names(template: Template) -> None:
    (statement,) = [s for _, s in statements(template) if s.get("Sid") == "InvokeTasks"]

    assert statement["Resource"] == [
        {"Fn::Sub": f"${{{name}.Arn}}:*"} for name in ("ValidateUpload", "ExtractMetadata", "PersistResult")
    ]


def test_given_a_new_version_when_it_fails_while_it_takes_over_then_an_alarm_rolls_it_back(template: Template) -> None:
    alias = template["Resources"]["ProcessRecordingAliaslive"]["Properties"]
    alarms = [each["Ref"] for each in alias["DeploymentPreference"]["Alarms"]]
    watched = [template["Resources"][name]["Properties"] for name in alarms]

    assert [alarm["MetricName"] for alarm in watched] == ["ExecutionsFailed", "ExecutionsTimedOut"]
    for alarm in watched:
        assert alarm["Dimensions"] == [{"Name": "StateMachineArn", "Value": {"Ref": "ProcessRecording"}}]


@pytest.mark.parametrize(
    ("uri", "taken"),
    [
        ("{account}.dkr.ecr.eu-west-1.amazonaws.com/little-bit-audio/oneshots@sha256:{digest}", True),
        ("{account}.dkr.ecr.eu-west-1.amazonaws.com/little-bit-audio/oneshots:latest", False),
        ("{account}.dkr.ecr.eu-west-1.amazonaws.com/little-bit-audio/oneshots:1@sha256:{digest}", False),
        ("docker.io/library/oneshots@sha256:{digest}", False),
        ("", False),
    ],
)
def test_given_the_image_then_only_a_digest_in_ecr_is_taken(source_template: Template, uri: str, taken: bool) -> None:
    pattern = source_template["Parameters"]["ImageUri"]["AllowedPattern"]
    given = uri.format(account="1" * 12, digest="a" * 64)

    assert bool(re.fullmatch(pattern, given)) is taken


def test_given_the_lock_files_then_they_pin_by_hash_and_name_no_registry() -> None:
    locks = [*ROOT.glob("requirements/*.txt"), *ROOT.glob("container/requirements.txt"), *FUNCTION_LOCKS]

    assert {lock.parent.name for lock in locks} == {"requirements", "container", "validate", "metadata", "persist"}
    for lock in locks:
        requirements = re.findall(r"^[a-z0-9](?:.*\\\n)*.*$", lock.read_text(), re.MULTILINE)
        assert requirements, lock
        assert [r for r in requirements if "==" not in r or "--hash=sha256:" not in r] == [], lock
        assert "://" not in lock.read_text(), lock
    node = json.loads((ROOT / "requirements/node/package-lock.json").read_text())
    assert all("resolved" not in package for package in node["packages"].values())


def test_given_what_is_deployed_then_it_is_locked_to_what_the_tests_run() -> None:
    def pins(path: Path) -> set[str]:
        return set(re.findall(r"^[a-z0-9][^ ;\\]+==[^ ;\\]+", path.read_text(), re.MULTILINE))

    for lock in FUNCTION_LOCKS:
        assert pins(lock) <= pins(ROOT / "requirements/dev.txt"), lock
    assert pins(ROOT / "container/requirements.txt") <= pins(ROOT / "requirements/dev.txt")
