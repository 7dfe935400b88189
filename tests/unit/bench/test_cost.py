"""What a thousand recordings cost: the formula, and the page that tells of it."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import cost
from bench.cost_runs import LENGTHS, _item_bytes, _write_units, stored_runs
from local.engine import jsonata

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "cost.md"
PRICES = cost.Prices.read()
RUNS = {run.length: run for run in stored_runs()}
SPOT, BEST, ON_DEMAND, _, X86 = PRICES.variants()


@pytest.mark.parametrize(
    ("cpu", "cpu_seconds", "billed"),
    [(256, 1.25, 60), (256, 7.5, 60), (256, 10, 70), (512, 20, 70), (1024, 36, 66), (4096, 36, 66)],
)
def test_given_a_task_when_billed_then_by_the_second_a_minute_at_least_and_one_thread_uses_one_vcpu(
    cpu: int, cpu_seconds: float, billed: float
) -> None:
    assert cost.task_seconds(cpu, cpu_seconds) == billed


def test_given_an_hour_of_one_vcpu_and_two_gb_when_priced_then_it_is_the_price_list_s() -> None:
    dollars = cost.task_cost(1024, 2048, 3600 - cost.START_SECONDS, "X86", PRICES)

    assert dollars == pytest.approx(0.04048 + 2 * 0.004445)


@pytest.mark.parametrize("variant", PRICES.variants(), ids=lambda variant: variant.name)
def test_given_recordings_of_30_seconds_when_priced_then_a_thousand_are_under_a_dollar(variant: cost.Variant) -> None:
    assert 0.2 < sum(cost.cost_lines(RUNS["30 s"], variant, PRICES).values()) < 1


def test_given_variants_when_priced_then_spot_and_arm64_save_on_the_lines_that_they_are_about() -> None:
    spot, on_demand, x86 = (cost.cost_lines(RUNS["30 s"], each, PRICES) for each in (SPOT, ON_DEMAND, X86))

    assert spot["Fargate"] == pytest.approx(on_demand["Fargate"] / 2)
    assert {name for name in spot if spot[name] != on_demand[name]} == {"Fargate"}
    assert {name for name in x86 if x86[name] != on_demand[name]} == {"Fargate", "Lambda"}
    assert x86["Fargate"] == pytest.approx(on_demand["Fargate"] * 1.25, rel=0.01)


def test_given_more_of_something_when_priced_then_its_line_grows_and_no_other() -> None:
    run = RUNS["30 s"]
    before = cost.cost_lines(run, SPOT, PRICES)
    changes: dict[str, dict[str, Any]] = {
        "Step Functions": {"transitions": run.transitions + 1},
        "S3 requests": {"s3_puts": run.s3_puts + 1},
        "DynamoDB": {"write_units": run.write_units + 1},
        "EventBridge": {"objects": run.objects + 1},
        "Logs": {"log_bytes": run.log_bytes + 1000},
        "Fargate": {"cpu_seconds": run.cpu_seconds + 60},
        "Lambda": {"functions": run.functions[:2]},
    }
    for line, change in changes.items():
        after = cost.cost_lines(replace(run, **change), SPOT, PRICES)
        assert {name for name in after if after[name] != pytest.approx(before[name])} - {"Logs"} == {line} - {"Logs"}
        assert after[line] != before[line]


def test_given_the_counted_runs_then_each_task_has_the_size_that_the_state_machine_chooses() -> None:
    machine = json.loads((ROOT / "statemachine" / "process_recording.asl.json").read_text())
    expression = machine["States"]["ChooseTaskSize"]["Assign"]["taskSize"].strip("{%} ")

    assert list(RUNS) == list(LENGTHS)
    for run in RUNS.values():
        metadata = {"durationSeconds": run.audio_seconds, "channels": 1, "sampleRate": 44_100}
        chosen = jsonata.evaluate(expression, {"metadata": metadata, "job": {"sizeBytes": 1}, "taskSizeSteps": 0})
        assert (run.cpu, run.memory_mb) == (int(chosen["cpu"]), int(chosen["memory"]))


def test_given_the_page_then_its_tables_are_what_the_script_makes_now() -> None:
    made = cost.tables(stored_runs(), PRICES, cost.source_template())

    assert cost.into_page(PAGE.read_text(), made) == PAGE.read_text()
    assert set(re.findall(r"<!-- (\w+) -->", PAGE.read_text())) == set(made)


def test_given_the_price_list_then_each_price_names_the_pages_that_it_is_from() -> None:
    document = json.loads(cost.PRICES.read_text())

    assert re.fullmatch(r"\d{4}-\d\d-\d\d", document["read"])
    for name, price in document["prices"].items():
        assert price["usd"] > 0, name
        assert price["per"], name
        assert price["sources"][0].startswith("https://aws.amazon.com/"), name


def test_given_an_item_when_sized_then_as_dynamodb_counts() -> None:
    one_shot = {"id": {"S": "é"}, "item": {"S": "ONESHOT#00001"}, "index": {"N": "-12.50"}, "none": {"NULL": True}}
    nested = {
        "id": {"S": "x"},
        "item": {"S": "RECORDING"},
        "m": {"M": {"ab": {"L": [{"BOOL": True}, {"S": "c" * 3000}]}}},
    }

    assert _item_bytes(one_shot) == (2 + 2) + (4 + 13) + (5 + 3) + (4 + 1)
    assert _write_units(one_shot) == 1
    assert _item_bytes(nested) == (2 + 1) + (4 + 9) + 1 + 3 + (1 + 2 + 3 + (1 + 1) + (1 + 3000))
    assert _write_units(nested) == 3 * (2 + 2 + 1 + 2)
