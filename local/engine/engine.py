"""The engine: deploys a template into moto and runs what moto only pretends to run."""

import atexit
import contextlib
import io
import json
import logging
import shutil
import signal
import threading
import time
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

import platformdirs
from botocore.config import Config
from moto.backends import get_backend
from moto.cloudformation import parsing
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_api import state_manager
from moto.stepfunctions.exceptions import ExecutionDoesNotExist
from moto.stepfunctions.parser.api import ExecutionStatus

from local.engine import scratch, seams
from local.engine.child_environment import ChildEnvironment
from local.engine.clients import make_client
from local.engine.containers import Containers
from local.engine.errors import DeploymentError, EngineError
from local.engine.executions import EndObserver, ExecutionResult, Executions, StateObserver
from local.engine.faults import Fault, Faults, InputFilter, Kind, check, possible_kinds, task_resources
from local.engine.functions import FunctionConfiguration, FunctionPool, FunctionResult, RunningInvocation, Suffering
from local.engine.image import ContainerImage
from local.engine.logs import LogObserver, Logs
from local.engine.observers import ObserverThread
from local.engine.permissions.agents import FunctionAgent, TaskAgent
from local.engine.permissions.deployed import RESOURCE_POLICIES, WITH_POLICIES, Deployed, policies_of
from local.engine.permissions.facts import FactsOfMoto
from local.engine.permissions.gate import Gate
from local.engine.permissions.permissions import Permissions
from local.engine.permissions.statements import Policies
from local.engine.schedules import Schedules, fire
from local.engine.seams import event_targets, host
from local.engine.server import MotoServer
from local.engine.tasks import TaskRunner
from local.engine.template import CODE_BUCKET, SkippedResource, TranslatedTemplate, translate
from local.sessions import CREDENTIALS

_STOP_SECONDS = 10.0


class Engine:
    """A deployed stack that runs in this process and its children.

    Make it with `Engine.deploy`, and stop it: as a context manager, or with `stop()`. One runs at a time.

    Attributes:
        outputs: the stack's outputs by name.
        resources: the physical ids of its resources by logical id.
        skipped: what of the template was left out, and why.
        tasks: the container tasks; `tasks.running()` tells their processes.
        executions: the executions of state machines.
        functions: the functions by their physical names.
        faults: what attempts at Task states run into, once some are injected.
        permissions: what every call is judged by; None where permissions are not enforced.

    """

    def __init__(
        self, *, region: str, time_scale: float, port: int, kept: Path | None, permissions: Permissions | None
    ) -> None:
        if not time_scale >= 0:
            raise EngineError(f"The time scale is {time_scale}; it must be 0 or more.")
        self.region = region
        self.account = DEFAULT_ACCOUNT_ID
        self.time_scale = time_scale
        self.outputs: dict[str, str] = {}
        self.resources: dict[str, str] = {}
        self.skipped: list[SkippedResource] = []
        self._stopped = False
        self._stopping = False
        self._stop_lock = threading.RLock()
        self._clients: dict[str, Any] = {}
        self._client_lock = threading.Lock()
        self.functions: dict[str, FunctionConfiguration] = {}
        self.permissions = permissions
        self._kept = kept or platformdirs.user_cache_path("sam-engine")
        host.enter(self)
        try:
            _forget_everything()
            self._server = MotoServer(port, self._gated)
        except BaseException:
            host.leave(self)
            raise
        self.port = self._server.port
        self._observers = ObserverThread()
        self._events = ObserverThread()
        self._schedules = Schedules(self._rules, time_scale=time_scale)
        self.executions = Executions(self._observers)
        self.faults = Faults()
        self.logs = Logs(self._backend("logs"), self._observers)
        self._folder = scratch.make_root()
        self.tasks: TaskRunner
        self._pool: FunctionPool
        self._deployed: tuple[TranslatedTemplate, Any]
        atexit.register(self._stop_at_exit)

    @classmethod
    def deploy(
        cls,
        template: str | Path,
        *,
        parameters: Mapping[str, str] | None = None,
        stack_name: str = "local",
        region: str = "us-east-1",
        time_scale: float = 1.0,
        function_slots: int = 4,
        task_slots: int = 2,
        port: int = 0,
        warm: bool = False,
        kept: Path | None = None,
        containers: str | None = None,
        enforce_permissions: bool = False,
    ) -> Self:
        """Deploy a SAM template and run it.

        Args:
            template: the template's path; what it names is found from its folder.
            parameters: values for its parameters in place of their defaults.
            stack_name: the stack's name.
            region: the region that it believes to be in.
            time_scale: what Retry's and Wait's pauses are multiplied by.
            function_slots: how many Lambda processes run, warm or busy.
            task_slots: how many container tasks run; more wait.
            port: the endpoint's port; 0 takes a free one.
            warm: start the functions' processes now, in the background.
            kept: the folder that stands for paths of container images that this machine lacks (caches).
            containers: podman:IMAGE or docker:IMAGE has every task run as a real container of this image instead of
                as a process (Linux).
            enforce_permissions: judge every call by the policies of the role that makes it; needs Node.js packages.

        Raises:
            TemplateError: the template, a parameter or a file that it names is unusable.
            DeploymentError: moto refuses a resource.
            EngineError: an engine already runs, or an argument is out of range.

        """
        seams.install()
        # every failing expression is an error to moto's log, and an event of the execution's history to us
        logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
        path = Path(template).resolve()
        translated = translate(path, parameters or {}, region=region, supported=_is_supported)
        real = Containers.parse(containers) if containers else None
        permissions = Permissions(account=DEFAULT_ACCOUNT_ID, region=region) if enforce_permissions else None
        engine = cls(region=region, time_scale=time_scale, port=port, kept=kept, permissions=permissions)
        try:
            engine._create(translated, stack_name, function_slots, task_slots, real)
        except BaseException:
            engine.stop()
            raise
        if warm:
            functions = engine._invoked_functions()
            threading.Thread(target=engine._pool.warm, args=(functions,), daemon=True).start()
        return engine

    @property
    def endpoint(self) -> str:
        """The URL that AWS clients talk to."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> Any:
        """Return a boto3 client of the engine."""
        with self._client_lock:
            if service not in self._clients:
                config = Config(s3={"addressing_style": "path"}, max_pool_connections=32)
                self._clients[service] = make_client(service, region=self.region, port=self.port, config=config)
            return self._clients[service]

    def environment(self) -> dict[str, str]:
        """Return the variables that point an AWS client or the AWS CLI at the engine."""
        return {**CREDENTIALS, "AWS_DEFAULT_REGION": self.region, "AWS_ENDPOINT_URL": self.endpoint}

    def mount(self, prefix: str, application: Any) -> None:
        """Have requests under `prefix` (as `/_page`) of the endpoint answered by a WSGI application.

        It is in front of what keeps browsers out, and must guard itself. A browser that opens the endpoint's root is
        sent to it.
        """
        self._server.mount(prefix, application)

    def watch_states(self, observer: StateObserver) -> None:
        """Have `observer(execution_arn, visit)` called as states are entered, retried and left.

        Observers are called one after another from a thread of the engine's, a moment later than what they
        hear of, and before `wait` returns. One that raises is logged and called no more.
        """
        self.executions.state_observers.append(observer)

    def watch_ends(self, observer: EndObserver) -> None:
        """Have `observer(execution_arn)` called as executions end."""
        self.executions.end_observers.append(observer)

    def watch_logs(self, observer: LogObserver) -> None:
        """Have `observer(line)` called for every line that functions and containers write."""
        self.logs.observers.append(observer)

    def wait(self, execution_arn: str, timeout: float | None = None) -> ExecutionResult:
        """Wait for an execution to end.

        Raises:
            TimeoutError: it has not ended after `timeout` seconds.

        """
        if not self.executions.wait_until_ended(execution_arn, timeout):
            raise TimeoutError(f"{execution_arn} has not ended after {timeout} s.")
        self._observers.settle(timeout)
        described = self.client("stepfunctions").describe_execution(executionArn=execution_arn)
        visits = self.executions.visits(execution_arn)
        return ExecutionResult(
            arn=execution_arn,
            status=described["status"],
            end_state=visits[-1].name if visits else None,
            output=json.loads(described["output"]) if "output" in described else None,
            error=described.get("error"),
            cause=described.get("cause"),
            states=visits,
        )

    def wait_for_execution(self, matches: Callable[[dict[str, Any]], bool], timeout: float | None = None) -> str:
        """Wait for an execution whose input matches to begin; returns its ARN.

        Raises:
            TimeoutError: none has begun after `timeout` seconds.

        """
        looked_at: dict[str, bool] = {}

        def found() -> bool:
            for arn in self.executions.started():
                if arn not in looked_at:
                    looked_at[arn] = matches(self._input_of(arn))
            return any(looked_at.values())

        if not self.executions.wait_until(found, timeout):
            raise TimeoutError(f"No such execution has begun after {timeout} s.")
        return next(arn for arn, hit in looked_at.items() if hit)

    def inject(
        self, *faults: str | Fault, when: InputFilter = lambda given: True
    ) -> contextlib.AbstractContextManager[None]:
        """Have executions whose input `when` takes run into faults while the block lasts; see `local.engine.faults`.

        Raises:
            FaultError: a text is no fault, or no state can run into it.

        """
        made = [Fault.parse(fault) if isinstance(fault, str) else fault for fault in faults]
        resources = self._task_resources()
        for fault in made:
            check(fault, resources)
        return self.faults.injected(made, when)

    def fault_kinds(self, state_machine: str) -> dict[str, list[Kind]]:
        """Return what each Task state of a state machine can be made to run into, by the state's name."""
        resources = self._task_resources_of(self.resources.get(state_machine, state_machine))
        return {state: sorted(possible_kinds(resource)) for state, resource in resources.items()}

    def invoke_function(self, name: str, payload: bytes, fault: Fault | None = None) -> FunctionResult:
        """Invoke a function by its name or logical id, `:` and a version after it or not.

        `fault` is what its process runs into.
        """
        suffering = Suffering(fault, self.time_scale) if fault else None
        return self._pool.invoke(self._function(name), payload, suffering=suffering)

    def fire_schedule(self, rule: str) -> dict[str, Any]:
        """Fire a rule that has a schedule now, by its name or logical id; returns the event that its targets got.

        Raises:
            EngineError: there is no such rule, or it has no schedule.

        """
        name = self.resources.get(rule, rule)
        for each in self._rules():
            if each.name == name and each.scheduled_expression:
                return fire(each)
        raise EngineError(f"No rule {rule!r} has a schedule.")

    def policies(self) -> Policies:
        """Return the policies that the template deploys, read anew."""
        translated, resource_map = self._deployed
        conditions = resource_map.lazy_condition_map
        made = {
            name: each
            for name, each in {**translated.body["Resources"], **translated.left_out}.items()
            if "Condition" not in each or conditions[each["Condition"]]
        }
        deployed = [
            Deployed(
                name,
                each["Type"],
                parsing.clean_json(each.get("Properties", {}), resource_map) if each["Type"] in WITH_POLICIES else {},
                self.resources.get(name, name),
            )
            for name, each in made.items()
        ]
        elsewhere = FactsOfMoto(self.account, self.region).policy_of
        return policies_of(deployed, account=self.account, region=self.region, policy_elsewhere=elsewhere)

    def function_pids(self) -> dict[int, str]:
        """Return the Lambda processes, and the function that each runs."""
        return self._pool.pids()

    def running_invocations(self) -> list[RunningInvocation]:
        """Return the invocations that functions' processes work on right now."""
        return self._pool.running()

    def execution_event(self, execution_arn: str, event: dict[str, Any]) -> None:
        """Hear of an event in an execution's history (the seams call this)."""
        self.executions.event(execution_arn, event)

    def execution_paused(self, execution_arn: str, state: str, seconds: float) -> None:
        """Hear that a state of an execution waits (the seams call this)."""
        self.executions.paused(execution_arn, state, seconds)

    def execution_ended(self, execution_arn: str) -> None:
        """Hear that an execution has ended (the seams call this)."""
        self.executions.ended(execution_arn)

    def send_event(self, event: dict[str, Any]) -> None:
        """Have the default bus deliver a service's event, soon, and after those before (the seams call this).

        An engine that stops delivers none: what ends then ends for no reason of its own.
        """
        self._events.tell([self._deliver], event)

    def settle_events(self, seconds: float) -> None:
        """Wait until what services have sent to the default bus so far is delivered."""
        self._events.settle(seconds)

    def wait_for_end(self, execution_arn: str, seconds: float) -> bool:
        """Wait for an execution's end; says whether it came in time (the seams call this)."""
        return self.executions.wait_until_ended(execution_arn, seconds)

    def stop(self) -> None:
        """Stop executions, processes and the server. What was stored is gone. Does nothing the second time."""
        with self._stop_lock:
            if self._stopped:
                return
            self._stopping = True
            self._schedules.close()
            self._events.close()
            self._stop_executions()
            for part in ("tasks", "_pool"):
                if hasattr(self, part):
                    getattr(self, part).close()
            self._wait_for_executions()
            self._observers.close()
            self._server.stop()
            if self.permissions:
                self.permissions.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            host.leave(self)
            # last: an interrupted stop is finished when the process ends
            self._stopped = True
            atexit.unregister(self._stop_at_exit)

    @staticmethod
    def stop_on_signals() -> None:
        """Have SIGTERM and SIGHUP raise SystemExit (143, 129), so that nothing is left behind.

        A signal that is ignored stays so: nohup means it.
        """
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _exit)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _create(
        self,
        translated: TranslatedTemplate,
        stack_name: str,
        function_slots: int,
        task_slots: int,
        containers: Containers | None,
    ) -> None:
        self.skipped = list(translated.skipped)
        self._store_code(translated.code)
        stack = self._create_stack(translated, stack_name)
        resource_map = stack.resource_map
        self._deployed = (translated, resource_map)
        self.resources = {
            name: resource_map[name].physical_resource_id
            for name in translated.body["Resources"]
            if hasattr(resource_map[name], "physical_resource_id")
        }
        self.outputs = {output.key: str(output.value) for output in stack.output_map.values()}
        environment = ChildEnvironment(self.region, self.endpoint)
        self.functions = self._configurations(translated, resource_map)
        if self.permissions:
            self.permissions.policies = self.policies()
            self.skipped = [each for each in self.skipped if each.type not in RESOURCE_POLICIES]
        self._pool = FunctionPool(
            slots=function_slots,
            logs=self.logs,
            environment=environment,
            folder=self._folder,
            agent=FunctionAgent(self.permissions, self.account, self.region),
        )
        self.tasks = TaskRunner(
            images=self._images(translated, resource_map),
            revisions=[self.resources[name] for name in translated.images if name in self.resources],
            slots=task_slots,
            logs=self.logs,
            environment=environment,
            folder=self._folder,
            kept=self._kept,
            containers=containers,
            agent=TaskAgent(self.permissions, self.account, self.region),
        )

    def _store_code(self, code: Mapping[str, Path]) -> None:
        s3 = self._backend("s3", "aws")
        s3.create_bucket(CODE_BUCKET, self.region)
        archives = {folder: _archive(folder) for folder in set(code.values())}
        for name, folder in code.items():
            s3.put_object(CODE_BUCKET, f"{name}.zip", archives[folder])

    def _create_stack(self, translated: TranslatedTemplate, stack_name: str) -> Any:
        cloudformation = self._backend("cloudformation")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what moto skips is in `skipped`
            try:
                return cloudformation.create_stack(
                    name=stack_name,
                    template=json.dumps(translated.body),
                    parameters=dict(translated.parameters),
                )
            except Exception as error:
                message = getattr(error, "message", None) or f"{type(error).__name__}: {error}"
                raise DeploymentError(f"The stack could not be made: {message}") from error

    def _configurations(self, translated: TranslatedTemplate, resource_map: Any) -> dict[str, FunctionConfiguration]:
        configurations = {}
        for name, resource in translated.resources("AWS::Lambda::Function").items():
            if name not in translated.code:
                self.skipped.append(
                    SkippedResource(name, resource["Type"], "only functions with a CodeUri folder are run")
                )
                continue
            properties = parsing.clean_json(resource["Properties"], resource_map)
            physical = self.resources[name]
            variables = properties.get("Environment", {}).get("Variables", {})
            configurations[physical] = FunctionConfiguration(
                name=physical,
                arn=f"arn:aws:lambda:{self.region}:{self.account}:function:{physical}",
                handler=properties["Handler"],
                runtime=str(properties["Runtime"]),
                code=translated.code[name],
                environment={key: str(value) for key, value in variables.items()},
                timeout=float(properties.get("Timeout", 3)),
                memory=int(properties.get("MemorySize", 128)),
                log_group=properties.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{physical}"),
                region=self.region,
                account=self.account,
                role=properties["Role"],
            )
        return configurations

    def _function(self, name: str) -> FunctionConfiguration:
        name, _, version = name.partition(":")
        function = self.functions[self.resources.get(name, name)]
        return function.published(version) if version else function

    def _invoked_functions(self) -> list[FunctionConfiguration]:
        """Return the versions of functions that were published, or the function where none was."""
        versions = self._backend("lambda").list_versions_by_function
        published = {name: [str(each.version) for each in versions(name)][1:] for name in self.functions}
        return [self._function(":".join([name, *numbers[-1:]])) for name, numbers in published.items()]

    def _images(self, translated: TranslatedTemplate, resource_map: Any) -> dict[str, ContainerImage]:
        for name in translated.resources("AWS::ECS::TaskDefinition"):
            if name not in translated.images:
                self.skipped.append(
                    SkippedResource(
                        name,
                        "AWS::ECS::TaskDefinition",
                        "its tasks can't be started: no Metadata with DockerContext",
                    )
                )
        return {resource_map[name].family: image for name, image in translated.images.items()}

    def _deliver(self, event: dict[str, Any]) -> None:
        if not self._stopping:
            event_targets.send_to_default_bus(self.account, self.region, event)

    def _rules(self) -> list[Any]:
        return list(self._backend("events").event_buses["default"].rules.values())

    def _backend(self, service: str, region: str | None = None) -> Any:
        backends: Any = get_backend
        return backends(service)[self.account][region or self.region]

    def _gated(self, application: Any) -> Any:
        if self.permissions is None:
            return application
        return Gate(application, self.permissions, account=self.account, facts=FactsOfMoto(self.account, self.region))

    def _input_of(self, execution_arn: str) -> dict[str, Any]:
        try:
            given = self._step_functions().describe_execution(execution_arn).input_data
        except ExecutionDoesNotExist:  # moto forgets the executions of a machine that is deleted
            return {}
        return given if isinstance(given, dict) else {}

    def _step_functions(self) -> Any:
        from moto.stepfunctions.parser.models import stepfunctions_parser_backends

        return stepfunctions_parser_backends[self.account][self.region]

    def _task_resources(self) -> dict[str, str]:
        resources: dict[str, str] = {}
        for machine in self.client("stepfunctions").list_state_machines()["stateMachines"]:
            resources |= self._task_resources_of(machine["stateMachineArn"])
        return resources

    def _task_resources_of(self, state_machine_arn: str) -> dict[str, str]:
        described = self.client("stepfunctions").describe_state_machine(stateMachineArn=state_machine_arn)
        return task_resources(json.loads(described["definition"]))

    def _stop_executions(self) -> None:
        # moto's own list: what has only just begun has told nothing yet
        for execution in self._step_functions()._get_executions(ExecutionStatus.RUNNING):
            self.executions.begun(execution.exec_arn)
            if execution.exec_worker and execution.exec_worker.env:
                execution.stop(stop_date=None, error=None, cause="The engine stopped.")

    def _stop_at_exit(self) -> None:
        # the last chance: who presses ctrl-C again and again must not leave processes behind
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if threading.current_thread() is threading.main_thread():
                signal.signal(number, signal.SIG_IGN)
        self.stop()

    def _wait_for_executions(self) -> None:
        deadline = time.monotonic() + _STOP_SECONDS
        for arn in self.executions.running():
            self.executions.wait_until_ended(arn, max(0.0, deadline - time.monotonic()))


def _is_supported(resource_type: str) -> bool:
    return resource_type in parsing.get_model_map() or resource_type.startswith("Custom::")


def _forget_everything() -> None:
    BackendDict.reset()
    reset_model_data()
    state_manager.unset_transition("ecs::task")


def _archive(folder: Path) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(folder))
    return written.getvalue()


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
