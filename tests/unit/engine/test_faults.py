import pytest

from local.engine.faults import Fault, FaultError, Faults, Kind, check, task_resources

RESOURCES = {
    "Cut": "arn:aws:states:::ecs:runTask.sync",
    "Check": "arn:aws:states:::lambda:invoke",
    "Claim": "arn:aws:states:::dynamodb:updateItem",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Cut=exit:137x2", {"kind": Kind.EXIT, "number": 137, "times": 2}),
        ("Cut=exit:0", {"kind": Kind.EXIT, "number": 0, "times": 1}),
        ("Cut=spot", {"kind": Kind.SPOT}),
        ("Cut=no-capacityx30", {"kind": Kind.NO_CAPACITY, "times": 30}),
        ("Cut=signal:9x*", {"kind": Kind.SIGNAL, "number": 9, "times": None}),
        ("Cut=slow:1.5", {"kind": Kind.SLOW, "number": 1.5}),
        ("Cut=ECS.ThrottlingExceptionx3", {"kind": Kind.ERROR, "error": "ECS.ThrottlingException", "times": 3}),
        (
            "Cut=InvalidUpload:NOT_AUDIO: it is = text",
            {"kind": Kind.ERROR, "error": "InvalidUpload", "message": "NOT_AUDIO: it is = text"},
        ),
        ("Cut=lost:ECS.ServerExceptionx2", {"kind": Kind.LOST, "error": "ECS.ServerException", "times": 2}),
    ],
)
def test_given_a_text_when_parsed_then_it_is_the_fault(text: str, expected: dict[str, object]) -> None:
    fault = Fault.parse(text)

    assert {name: getattr(fault, name) for name in expected} == expected
    assert fault.state == "Cut"


@pytest.mark.parametrize(
    "text",
    ["", "Cut", "=hang", "Cut=", "Cut=hangs", "Cut=exit", "Cut=exit:256", "Cut=exit:-1", "Cut=signal:0", "Cut=slow:",
     "Cut=slow:x", "Cut=lost", "Cut=lost:", "Cut=lost:hang", "Cut=hangx0", "Cut=hang:3", "Cut=throttled"],
)  # fmt: skip
def test_given_no_fault_when_parsed_then_the_error_names_it_and_what_is_allowed(text: str) -> None:
    with pytest.raises(FaultError) as error:
        Fault.parse(text)

    assert repr(text) in str(error.value)
    assert "STATE=FAULT" in str(error.value) or "lost:ERROR" in str(error.value)


@pytest.mark.parametrize("text", ["Cut=hang", "Cut=spot", "Check=timeout", "Check=oom", "Claim=hang", "Claim=lost:X"])
def test_given_a_fault_that_its_service_knows_when_checked_then_it_is_let_through(text: str) -> None:
    check(Fault.parse(text), RESOURCES)


@pytest.mark.parametrize("text", ["Cut=timeout", "Check=spot", "Claim=exit:1", "Claim=no-capacity", "Nowhere=hang"])
def test_given_a_fault_that_cannot_happen_when_checked_then_the_error_says_what_can(text: str) -> None:
    with pytest.raises(FaultError, match=r"possible are|there are"):
        check(Fault.parse(text), RESOURCES)


def test_given_faults_of_a_state_when_it_is_tried_then_they_come_one_after_the_other_in_each_execution() -> None:
    faults = Faults()
    with faults.injected([Fault.parse("Cut=spot"), Fault.parse("Cut=exit:1x2")], lambda given: True):
        for execution in ("one", "other"):
            kinds = [faults.next(execution, "Cut", {}) for _ in range(4)]
            assert [fault and fault.kind for fault in kinds] == [Kind.SPOT, Kind.EXIT, Kind.EXIT, None]
            assert faults.next(execution, "Check", {}) is None
    assert faults.next("third", "Cut", {}) is None


def test_given_faults_for_some_inputs_when_others_run_then_they_run_into_none() -> None:
    faults = Faults()
    with faults.injected([Fault.parse("Cut=hangx*")], lambda given: given["key"] == "this"):
        assert faults.next("one", "Cut", {"key": "other"}) is None
        assert faults.next("one", "Cut", "a text") is None
        assert faults.next("two", "Cut", {"key": "this"}) is not None


def test_given_a_definition_when_its_tasks_are_listed_then_nested_ones_are_there() -> None:
    inner = {"States": {"Inner": {"Type": "Task", "Resource": "b"}}}
    states = {
        "Outer": {"Type": "Task", "Resource": "a"},
        "All": {"Type": "Map", "ItemProcessor": inner},
        "Both": {"Type": "Parallel", "Branches": [{"States": {"Deep": {"Type": "Task", "Resource": "c"}}}]},
        "End": {"Type": "Succeed"},
    }

    assert task_resources({"States": states}) == {"Outer": "a", "Inner": "b", "Deep": "c"}
