"""Dollars for a thousand recordings, by the public price list.

    python -m bench.cost [--measure] [--write docs/cost.md]

Prices: bench/prices.json. What a recording uses: bench/cost_runs.json, counted by bench/cost_runs.py (`--measure` does
it again, some minutes). `--write` puts the tables between the markers of a page.
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cost_runs import Run, measure, stored_runs
from bench.methods import ROOT
from bench.tables import table

PRICES = Path(__file__).with_name("prices.json")
RECORDINGS = 1000
_HOURS = 730
_MARKERS = re.compile(r"(<!-- (?P<name>costs|lines|idle|prices) -->\n).*?(<!-- /(?P=name) -->)", re.DOTALL)

# Assumptions, each to the dear side.
START_SECONDS = 30.0
"""From when Fargate bills (the image's pull begins) to when the container begins. Not measured: see docs/cost.md."""
LEAST_TASK_SECONDS = 60.0
FULL_VCPU_MEMORY_MB = 1769
"""The memory with which a function has one vCPU; with less it has its share of one."""
PLATFORM_LOG_BYTES = 400
"""What Lambda itself logs of an invocation beyond what the engine does."""
IMAGE_GB, IMAGES_KEPT = 0.2, 10
"""Compressed, and how many the repository keeps."""
SWEEPS_A_MONTH, SWEEP_TRANSITIONS = 4 * _HOURS, 7
CUSTOM_METRICS = 36
"""At most (docs/operate.md): 9 of functions, 13 codes of rejection, 9 of the container, 5 from the execution logs."""

_GB, _MB = 1e9, 1024.0


@dataclass(frozen=True)
class Variant:
    """How the tasks are bought: their architecture, and what share of the on-demand price they cost."""

    name: str
    architecture: str
    share: float


@dataclass(frozen=True)
class Prices:
    """The price list: dollars by name, and what Spot takes of the on-demand price."""

    usd: Mapping[str, float]
    usual_spot: float
    best_spot: float

    @classmethod
    def read(cls) -> "Prices":
        """Read bench/prices.json."""
        document = json.loads(PRICES.read_text())
        spot = document["spotShares"]
        return cls({name: each["usd"] for name, each in document["prices"].items()}, spot["usual"], spot["best"])

    def variants(self) -> list[Variant]:
        """List how tasks can be bought; the first is what the template does on an ordinary day."""
        return [
            Variant("Spot, arm64", "Arm64", self.usual_spot),
            Variant("Spot at its best, arm64", "Arm64", self.best_spot),
            Variant("on demand, arm64", "Arm64", 1.0),
            Variant("Spot, x86", "X86", self.usual_spot),
            Variant("on demand, x86", "X86", 1.0),
        ]


def cost_lines(run: Run, variant: Variant, prices: Prices) -> dict[str, float]:
    """Return dollars for `RECORDINGS` recordings like `run`, line by line."""
    usd = prices.usd
    one = {
        "Fargate": variant.share * task_cost(run.cpu, run.memory_mb, run.cpu_seconds, variant.architecture, prices),
        "Step Functions": run.transitions * usd["stepFunctionsTransition"],
        "Lambda": sum(_function_cost(each.seconds, each.memory_mb, variant, prices) for each in run.functions),
        "S3 requests": run.s3_puts * usd["s3Put"] + run.s3_gets * usd["s3Get"],
        "DynamoDB": run.write_units * usd["dynamodbWriteUnit"] + run.read_units * usd["dynamodbReadUnit"],
        # The bucket sends an event of every object that is made: opted into, so counted as custom ones are.
        "EventBridge": (run.events_sent + run.objects) * usd["eventbridgeEvent"],
        "Logs": (run.log_bytes + PLATFORM_LOG_BYTES * len(run.functions)) / _GB * usd["logsGb"],
        "X-Ray": usd["xrayTrace"],
    }
    return {name: dollars * RECORDINGS for name, dollars in one.items()}


def task_seconds(cpu: int, cpu_seconds: float) -> float:
    """Return how long a task is billed for. It works in one thread: more than one vCPU is of no use to it."""
    return max(LEAST_TASK_SECONDS, START_SECONDS + cpu_seconds / min(1.0, cpu / 1024))


def task_cost(cpu: int, memory_mb: int, cpu_seconds: float, architecture: str, prices: Prices) -> float:
    """Return the on-demand dollars of one task."""
    vcpu, gb = prices.usd[f"fargateVcpuHour{architecture}"], prices.usd[f"fargateGbHour{architecture}"]
    return task_seconds(cpu, cpu_seconds) / 3600 * (cpu / 1024 * vcpu + memory_mb / _MB * gb)


def _function_cost(seconds: float, memory_mb: int, variant: Variant, prices: Prices) -> float:
    # As if all of the time had been work, of which a function with less than a vCPU does less in a second.
    seconds *= max(1.0, FULL_VCPU_MEMORY_MB / memory_mb)
    return prices.usd["lambdaRequest"] + seconds * memory_mb / _MB * prices.usd[f"lambdaGbSecond{variant.architecture}"]


def idle_costs(template: Mapping[str, Any], prices: Prices) -> dict[str, float]:
    """Return dollars a month for what the stack costs without a single recording, as the template's resources say."""
    usd = prices.usd
    kinds = [each["Type"] for each in template["Resources"].values()]
    properties = [(each["Type"], each.get("Properties", {})) for each in template["Resources"].values()]
    zones = sum(len(p["SubnetIds"]) for kind, p in properties if kind == "AWS::EC2::VPCEndpoint" and "SubnetIds" in p)
    alarms = [p for kind, p in properties if kind == "AWS::CloudWatch::Alarm"]
    anomalies = sum("ThresholdMetricId" in alarm for alarm in alarms)
    watched = sum(max(1, sum("MetricStat" in q for q in alarm.get("Metrics", []))) for alarm in alarms)
    return {
        f"Interface endpoints ({zones}, counted by zone)": zones * _HOURS * usd["endpointHour"],
        f"Alarms ({len(alarms)}, and one composite)": watched * usd["alarmMetric"]
        + anomalies * usd["anomalyAlarm"]
        + kinds.count("AWS::CloudWatch::CompositeAlarm") * usd["compositeAlarm"],
        "Dashboard": kinds.count("AWS::CloudWatch::Dashboard") * usd["dashboard"],
        f"Sweeps ({SWEEPS_A_MONTH:,})": SWEEPS_A_MONTH * SWEEP_TRANSITIONS * usd["stepFunctionsTransition"],
        f"Images ({IMAGES_KEPT} of {IMAGE_GB} GB)": IMAGES_KEPT * IMAGE_GB * usd["ecrGbMonth"],
        f"Metrics of our own, at most ({CUSTOM_METRICS}, all with data every hour)": CUSTOM_METRICS
        * usd["customMetric"],
    }


def tables(runs: list[Run], prices: Prices, template: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables by their markers' names."""
    variants = prices.variants()
    costs = [[v.name, *(_dollars(sum(cost_lines(run, v, prices).values())) for run in runs)] for v in variants]
    priced = [cost_lines(run, variants[0], prices) for run in runs]
    lines = [[name, *(_dollars(each[name]) for each in priced)] for name in priced[0]]
    used = [
        ["task", *(f"{run.cpu / 1024:g} vCPU, {run.memory_mb / _MB:g} GB" for run in runs)],
        ["the container's CPU seconds", *(f"{run.cpu_seconds:.1f}" for run in runs)],
        ["billed task seconds", *(f"{task_seconds(run.cpu, run.cpu_seconds):.0f}" for run in runs)],
        ["its peak memory", *(f"{run.peak_memory_mb:.0f} MB" for run in runs)],
        ["state transitions", *(str(run.transitions) for run in runs)],
        ["S3 requests: writes, reads", *(f"{run.s3_puts}, {run.s3_gets}" for run in runs)],
        ["DynamoDB write units", *(str(run.write_units) for run in runs)],
        ["one-shots", *(str(run.one_shots) for run in runs)],
        ["logs", *(f"{run.log_bytes / 1000:.0f} KB" for run in runs)],
    ]
    lengths = [run.length for run in runs]
    idle = idle_costs(template, prices)
    listed = json.loads(PRICES.read_text())["prices"].items()
    return {
        "costs": table([f"$ for {RECORDINGS:,} recordings of", *lengths], costs),
        "lines": table([f"{variants[0].name}, $ for {RECORDINGS:,}", *lengths], lines)
        + "\n\n"
        + table(["one recording of", *lengths], used),
        "idle": table(
            ["a month, without recordings", "$"],
            [[name, _dollars(dollars)] for name, dollars in idle.items()] + [["in all", _dollars(sum(idle.values()))]],
        ),
        "prices": table(
            ["$", "for a", "pages"],
            [[f"{each['usd']:.10f}".rstrip("0"), each["per"], " ".join(each["sources"])] for _, each in listed],
        ),
    }


def _dollars(amount: float) -> str:
    return f"{amount:.3f}" if amount < 1 else f"{amount:.2f}"


def into_page(page: str, made: Mapping[str, str]) -> str:
    """Return the page with the tables between its markers."""
    return _MARKERS.sub(lambda found: f"{found[1]}{made[found['name']]}\n{found[3]}", page)


def source_template() -> dict[str, Any]:
    """Return the template as CloudFormation gets it, from the local engine's translation."""
    from local.engine.template import translate

    return translate(ROOT / "template.yaml", {}, region="us-east-1", supported=lambda _: True).body


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.cost", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--measure", action="store_true", help="count anew what a recording uses, on the embedded engine"
    )
    parser.add_argument("--write", metavar="PAGE", type=Path, help="put the tables into a page, between its markers")
    given = parser.parse_args(arguments)
    runs = measure() if given.measure else stored_runs()
    made = tables(runs, Prices.read(), source_template())
    if given.write:
        given.write.write_text(into_page(given.write.read_text(), made))
    for name in ("costs", "lines", "idle"):
        print(made[name], end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
