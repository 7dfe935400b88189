"""`python -m tests.workflow.least_privilege.policies`: what parliament finds in the policies; exit 1 if anything.

References are resolved as on the local engine. Trust policies are left out: parliament takes them for malformed.
"""

import json
import sys
from collections import defaultdict
from typing import Any

import parliament

from local.engine import Engine
from local.engine.permissions.deployed import TRUST
from local.engine.permissions.statements import VERSION
from tests.workflow.least_privilege.stage import ROOT

# What it finds, of which action, and why that is as it must be.
ACCEPTED = {
    ("RESOURCE_MISMATCH", "states:describeexecution"): (
        "parliament wants a resource of each kind that AWS's table has for the action, and standard executions are no "
        "express ones"
    ),
    ("PERMISSIONS_MANAGEMENT_ACTIONS", "logs:putresourcepolicy"): (
        "Step Functions gives the delivery of its execution logs their policy with it"
    ),
    ("PERMISSIONS_MANAGEMENT_ACTIONS", "iam:passrole"): (
        "whoever runs a task passes its roles on: these two, and to ECS alone"
    ),
    ("CREDENTIALS_EXPOSURE", "ecr:getauthorizationtoken"): "whoever pulls an image logs in to its registry with it",
}

type Finding = tuple[str, str]


def policies() -> dict[str, str]:
    """Return every policy that the template deploys, by its name, as JSON."""
    listed: dict[str, list[Any]] = defaultdict(list)
    with Engine.deploy(ROOT / "template.yaml", time_scale=0) as engine:
        for statement in engine.policies().statements():
            if statement.id.policy != TRUST and not statement.is_of_aws:
                listed[f"{statement.id.holder} {statement.id.policy}"].append(statement.body)
    return {name: json.dumps({"Version": VERSION, "Statement": statements}) for name, statements in listed.items()}


def findings_in(policy: str) -> dict[Finding, str]:
    """Return what parliament finds in a policy: the issue with the action that it is about, and how it says so."""
    analyzed = parliament.analyze_policy_string(policy, include_community_auditors=True)
    return {
        (finding.issue, action): f"{finding.issue} {finding.detail or ''} {finding.location}"
        for finding in analyzed.findings
        for action in _actions(finding)
    }


def _actions(finding: Any) -> list[str]:
    listed = finding.location.get("actions") or finding.detail or [""]
    actions = [each["action"] if isinstance(each, dict) else each for each in listed]
    return [str(action).lower() for action in actions]


def main() -> int:
    found = {name: findings_in(policy) for name, policy in policies().items()}
    wrong = [
        f"{name}: {said}" for name, each in found.items() for finding, said in each.items() if finding not in ACCEPTED
    ]
    needless = ACCEPTED.keys() - {finding for each in found.values() for finding in each}
    wrong += [f"nothing of the kind is found any more: {finding}" for finding in sorted(needless)]
    sys.stdout.write("\n".join([*wrong, f"parliament: {len(found)} policies, {len(wrong)} problems\n"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
