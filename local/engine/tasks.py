"""ECS tasks as processes: what RunTask starts, what DescribeTasks tells, what StopTask ends.

A task is moto's `Task` object, which DescribeTasks serialises; this module runs a process per container and
keeps the object's attributes as ECS would. Names of attributes are therefore moto's and botocore's.
"""

import functools
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from local.engine import process
from local.engine.child_environment import ChildEnvironment
from local.engine.containers import Containers
from local.engine.errors import EngineStoppedError
from local.engine.faults import Fault, Kind
from local.engine.image import ContainerImage
from local.engine.logs import Logs, LogStream
from local.engine.permissions.agents import TaskAgent
from local.engine.permissions.permissions import DeniedError, Session
from local.engine.scratch import make_folder

_POLL_SECONDS = 0.05
_DEFAULT_STOP_SECONDS = 30
_TAIL_LINES = 20


@dataclass(frozen=True)
class RunningContainer:
    """A container's process that runs right now."""

    task_arn: str
    name: str
    pid: int
    environment: Mapping[str, str]


@dataclass
class _Container:
    definition: dict[str, Any]
    state: Any  # moto's Container
    image: ContainerImage | None
    of_template: bool
    log: LogStream
    environment: dict[str, str] = field(default_factory=dict)
    session: Session | None = None
    process: "subprocess.Popen[bytes] | None" = None
    pump: threading.Thread | None = None
    out_of_memory: bool = False
    ended_by_itself: bool = False
    hangs: bool = False
    never_started: bool = False
    exit_code: int | None = None
    remove: Callable[[], bool] | None = None  # the real container, if it is one; says whether memory ran out

    @property
    def name(self) -> str:
        return str(self.definition["name"])

    @property
    def essential(self) -> bool:
        return bool(self.definition.get("essential", True))

    @property
    def reported_exit_code(self) -> int | None:
        """What DescribeTasks tells of an ended container: None when it is said not to have started."""
        if self.process is None or self.never_started:
            return None
        return process.container_exit_code(self.process.returncode) if self.exit_code is None else self.exit_code


class TaskRunner:
    """Runs tasks in at most `slots` at a time; those that wait for a slot are PENDING.

    Args:
        images: what each task definition family starts.
        revisions: the ARNs of the template's own task definitions; an EntryPoint is taken from no other.
        slots: how many tasks run at a time.
        logs: where the containers' output goes.
        environment: what every container is told of AWS.
        folder: where the tasks' scratch folders are made.
        kept: the folder that stands for paths of the images that this machine lacks.
        containers: what runs the tasks as real containers; None for plain processes.
        agent: takes tasks' roles on, and does under their execution roles what ECS does; without one nobody is judged.

    """

    def __init__(
        self,
        *,
        images: Mapping[str, ContainerImage],
        revisions: Collection[str],
        slots: int,
        logs: Logs,
        environment: ChildEnvironment,
        folder: Path,
        kept: Path,
        containers: Containers | None = None,
        agent: TaskAgent | None = None,
    ):
        self._images = images
        self._revisions = frozenset(revisions)
        self._slots = threading.BoundedSemaphore(slots)
        self._logs = logs
        self._environment = environment
        self._folder = folder
        self._kept = kept
        self._containers_of = containers
        self._agent = agent or TaskAgent.of_nobody()
        self._lock = threading.Lock()
        self._tasks: dict[str, _Task] = {}
        self._closed = False

    def start(self, moto_task: Any, definition: Any) -> None:
        """Take a task over from moto and start it in a thread of its own."""
        roles = _Roles.of(moto_task, definition)
        task = _Task(moto_task, self._containers(moto_task, definition), _memory(moto_task, definition), roles)
        with self._lock:
            if self._closed:
                raise EngineStoppedError("The engine has stopped.")
            self._tasks[moto_task.task_arn] = task
        task.thread = threading.Thread(target=self._run, args=(task,), name=f"task {moto_task.id}", daemon=True)
        task.thread.start()

    def stop(self, task_arn: str, *, reason: str, code: str) -> None:
        """Stop a task: SIGTERM, then SIGKILL after the container's StopTimeout."""
        task = self._task(task_arn)
        if task:
            task.ask_to_stop(reason, code)

    def afflict(self, task_arn: str, fault: Fault) -> None:
        """Have a task run into a fault as soon as its containers run."""
        task = self._task(task_arn)
        if task:
            task.fault = fault

    def failed(self, task_arn: str) -> bool:
        """Say whether a stopped task failed.

        It did when it was stopped or did not start, or when an essential container ended by itself with
        another exit code than 0. How those ended that were ended with the task does not count.
        """
        task = self._task(task_arn)
        return task is None or task.failed

    def wait(self, task_arn: str, seconds: float) -> bool:
        """Wait for a task to end; says whether it has."""
        task = self._task(task_arn)
        return task is None or task.stopped.wait(seconds)

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait for every task to end; says whether all have."""
        deadline = time.monotonic() + seconds
        with self._lock:
            tasks = list(self._tasks.values())
        return all(task.stopped.wait(max(0.0, deadline - time.monotonic())) for task in tasks)

    def running(self) -> list[RunningContainer]:
        """Return the containers whose process runs."""
        with self._lock:
            tasks = list(self._tasks.values())
        return [
            RunningContainer(task.moto.task_arn, container.name, container.process.pid, container.environment)
            for task in tasks
            for container in task.containers
            if container.process and container.process.poll() is None
        ]

    def log_tail(self, task_arn: str) -> list[str]:
        """Return the last lines that a task's containers wrote."""
        task = self._task(task_arn)
        if task is None:
            return []
        return [line for container in task.containers for line in container.log.tail(_TAIL_LINES)]

    def close(self) -> None:
        """Kill what runs and wait for its threads."""
        with self._lock:
            self._closed = True
            tasks = list(self._tasks.values())
        for task in tasks:
            task.ask_to_stop("The engine stopped.", "UserInitiated")
            for container in task.containers:
                if container.process:
                    process.kill(container.process)
        for task in tasks:
            if task.thread:
                task.thread.join()

    def _task(self, task_arn: str) -> "_Task | None":
        with self._lock:
            return self._tasks.get(task_arn)

    def _containers(self, moto_task: Any, definition: Any) -> list[_Container]:
        return [
            _Container(
                definition=container_definition,
                state=state,
                image=self._images.get(definition.family),
                of_template=definition.arn in self._revisions,
                log=self._open_log(container_definition, moto_task.id),
            )
            for container_definition, state in zip(definition.container_definitions, moto_task.containers, strict=True)
        ]

    def _open_log(self, definition: dict[str, Any], task_id: str) -> LogStream:
        options = definition.get("logConfiguration", {}).get("options", {})
        prefix = options.get("awslogs-stream-prefix", "ecs")
        return self._logs.open(
            source=definition["name"],
            group=options.get("awslogs-group", f"/ecs/{definition['name']}"),
            stream=f"{prefix}/{definition['name']}/{task_id}",
        )

    def _run(self, task: "_Task") -> None:
        scratch = make_folder(self._folder, "task")
        try:
            if not self._wait_for_slot(task):
                return
            try:
                if self._start_containers(task, scratch):
                    task.watch()
            finally:
                self._slots.release()
        finally:
            task.finish()
            shutil.rmtree(scratch, ignore_errors=True)

    def _wait_for_slot(self, task: "_Task") -> bool:
        task.moto.status = "PENDING"
        while not task.stop_asked.is_set():
            if self._slots.acquire(timeout=_POLL_SECONDS):
                return True
        return False

    def _start_containers(self, task: "_Task", scratch: Path) -> bool:
        overrides = {override["name"]: override for override in task.moto.overrides.get("containerOverrides", [])}
        for container in task.containers:
            try:
                self._prepare(container, task)
                self._start_container(container, overrides.get(container.name, {}), scratch, task)
            except DeniedError as error:
                task.could_not_start(container, f"ResourceInitializationError: AccessDeniedException: {error}")
                return False
            except (OSError, ValueError) as error:
                task.could_not_start(container, f"CannotStartContainerError: {error}")
                return False
        task.running()
        return True

    def _prepare(self, container: _Container, task: "_Task") -> None:
        """Do what ECS does under the execution role before a container starts, and take the task's role on."""
        roles = task.roles
        self._agent.pull(roles.execution, str(container.definition.get("image", "")), roles.family)
        self._agent.open_log(roles.execution, container.log.group, container.log.stream, roles.family)
        container.session = self._agent.take_on(roles.task, roles.family)

    def _start_container(self, container: _Container, override: dict[str, Any], scratch: Path, task: "_Task") -> None:
        given = {
            **_variables(container.definition.get("environment", [])),
            **_variables(override.get("environment", [])),
        }
        command = override.get("command", container.definition.get("command"))
        if container.definition.get("entryPoint") and not container.of_template:
            raise ValueError("its task definition is not the template's, and brings an EntryPoint of its own")
        if self._containers_of:
            self._run_container(self._containers_of, container, given, command, task)
        else:
            self._run_process(container, given, command, scratch, task)
        if container.process is None or container.process.stdout is None:
            raise ValueError("its output can't be read")
        container.pump = container.log.pump(container.process.stdout)
        container.state.last_status = "RUNNING"
        container.state.runtime_id = f"{task.moto.id}-{container.process.pid}"

    def _run_container(
        self,
        containers: Containers,
        container: _Container,
        given: dict[str, str],
        command: list[str] | None,
        task: "_Task",
    ) -> None:
        container.environment = {**self._environment.around(given, container.session), **_told_by_ecs(task)}
        name = f"sam-engine-{os.getpid()}-{task.moto.id}-{container.name}"
        container.remove = functools.partial(containers.remove, name)
        starter = process.start(
            containers.arguments(
                name, container.definition, command=command, memory=task.memory, variables=container.environment
            ),
            directory=self._folder,
            environment=containers.environment(container.environment),
        )
        containers.wait_until_started(name, starter)
        # only now: from here on it may be killed
        container.process = starter

    def _run_process(
        self, container: _Container, given: dict[str, str], command: list[str] | None, scratch: Path, task: "_Task"
    ) -> None:
        image = container.image
        if image is None:
            raise ValueError(
                "its task definition resource has no Metadata with Dockerfile and DockerContext: "
                "the engine can't know what the image starts"
            )
        own = {**image.local_environment(scratch=scratch, kept=self._kept), **given}
        container.environment = {
            **self._environment.around(own, container.session),
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "PYTHONUNBUFFERED": "1",
            **_told_by_ecs(task),
        }
        if entrypoint := container.definition.get("entryPoint"):
            image = replace(image, entrypoint=tuple(entrypoint), command=())
        container.process = process.start(
            image.arguments(command), directory=image.context, environment=container.environment
        )


@dataclass(frozen=True)
class _Roles:
    """A task's roles: its own, and the one under which ECS starts it; empty for none."""

    family: str
    task: str
    execution: str

    @classmethod
    def of(cls, moto_task: Any, definition: Any) -> Self:
        overrides = moto_task.overrides
        return cls(
            family=str(definition.family),
            task=overrides.get("taskRoleArn") or getattr(definition, "task_role_arn", "") or "",
            execution=overrides.get("executionRoleArn") or getattr(definition, "execution_role_arn", "") or "",
        )


class _Task:
    """The life of one task. `memory` is the task's limit in MiB, None for none."""

    def __init__(self, moto_task: Any, containers: list[_Container], memory: int | None, roles: _Roles):
        self.moto = moto_task
        self.roles = roles
        self.containers = containers
        self.stop_asked = threading.Event()
        self.stopped = threading.Event()
        self.thread: threading.Thread | None = None
        self.fault: Fault | None = None
        self.memory = memory
        self._lock = threading.Lock()
        moto_task.status = "PROVISIONING"
        moto_task.created_at = datetime.now(UTC)
        moto_task.stopped_reason = None
        for container in containers:
            container.state.last_status = "PENDING"
            container.state.exitCode = None
            container.state.task_arn = moto_task.task_arn

    @property
    def failed(self) -> bool:
        """Whether it was stopped, did not start, or an essential container failed."""
        if self.moto.stop_code != "EssentialContainerExited":
            return True
        return any(
            container.essential and container.ended_by_itself and container.state.exitCode != 0
            for container in self.containers
        )

    def ask_to_stop(self, reason: str, code: str) -> None:
        """Have the task stopped; the first reason stands."""
        with self._lock:
            if self.stop_asked.is_set() or self.stopped.is_set():
                return
            self._explain(reason, code)
            self.stop_asked.set()

    def running(self) -> None:
        """Note that every container has started."""
        self.moto.status = "RUNNING"
        self.moto.started_at = self.moto.pull_started_at = self.moto.pull_stopped_at = datetime.now(UTC)
        self.moto.connectivity = "CONNECTED"
        self.moto.connectivity_at = self.moto.started_at

    def could_not_start(self, container: _Container, reason: str) -> None:
        """Note why a container did not start."""
        container.log.write(reason)
        container.state.reason = reason
        with self._lock:
            self._explain(f"Task failed to start: {reason}", "TaskFailedToStart")

    def watch(self) -> None:
        """Wait for an essential container to end, or to be told to stop; then end the others."""
        while not self.stop_asked.wait(_POLL_SECONDS):
            self._suffer()
            self._enforce_memory()
            ended = [each for each in self.containers if each.process and each.process.poll() is not None]
            for container in ended:
                container.ended_by_itself = True
            if any(container.essential for container in ended) or len(ended) == len(self.containers):
                with self._lock:
                    self._explain("Essential container in task exited", "EssentialContainerExited")
                break

    def _suffer(self) -> None:
        """Run into the fault that was asked for, once."""
        fault, self.fault = self.fault, None
        if fault is None:
            return
        if fault.kind is Kind.SPOT:
            self.ask_to_stop("Your Spot Task was interrupted.", "SpotInterruption")
            return
        if fault.kind is Kind.CANNOT_START:
            self.could_not_start(self.containers[0], "CannotPullContainerError: a fault asked for by --fault")
        for container in self.containers:
            if container.process and container.process.poll() is None:
                _afflict(container, container.process, fault)

    def finish(self) -> None:
        """End what still runs and note how everything ended."""
        self.moto.stopping_at = datetime.now(UTC)
        self.moto.desired_status = "STOPPED"
        self.moto.status = "STOPPING"
        for container in self.containers:
            self._end(container)
        self.moto.execution_stopped_at = datetime.now(UTC)
        self.moto.stopped_at = datetime.now(UTC)
        self.moto.status = "STOPPED"
        self.stopped.set()

    def _end(self, container: _Container) -> None:
        if container.process:
            grace_seconds = float(container.definition.get("stopTimeout", _DEFAULT_STOP_SECONDS))
            process.stop(container.process, grace_seconds=0.0 if container.hangs else grace_seconds)
            container.state.exitCode = container.reported_exit_code
        if container.remove:
            container.out_of_memory |= container.remove()
        if container.pump:
            container.pump.join(process.PUMP_SECONDS)
        if container.out_of_memory:
            container.state.reason = "OutOfMemoryError: Container killed due to memory usage"
        container.state.last_status = "STOPPED"

    def _enforce_memory(self) -> None:
        limit = self.memory
        for container in self.containers:
            if limit is None or container.process is None or container.process.poll() is not None:
                continue
            if (process.resident_megabytes(container.process.pid) or 0) > limit:
                container.out_of_memory = True
                process.kill(container.process)

    def _explain(self, reason: str, code: str) -> None:
        if not self.moto.stopped_reason:
            self.moto.stopped_reason = reason
            self.moto.stop_code = code


def _afflict(container: _Container, running: "subprocess.Popen[bytes]", fault: Fault) -> None:
    match fault.kind:
        case Kind.HANG:
            # it hears no SIGTERM either, and is not waited for
            container.hangs = True
            os.kill(running.pid, signal.SIGSTOP)
        case Kind.SIGNAL:
            os.kill(running.pid, int(fault.number))
        case Kind.OUT_OF_MEMORY:
            container.out_of_memory = True
            process.kill(running)
        case Kind.EXIT:
            container.exit_code = int(fault.number)
            process.kill(running)
        case Kind.CANNOT_START:
            container.never_started = True
            process.kill(running)


def _memory(moto_task: Any, definition: Any) -> int | None:
    memory = moto_task.overrides.get("memory") or getattr(definition, "memory", None)
    return int(str(memory)) if str(memory).isdigit() else None


def _told_by_ecs(task: _Task) -> dict[str, str]:
    return {"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE", "ECS_TASK_ARN": str(task.moto.task_arn)}


def _variables(pairs: list[dict[str, Any]]) -> dict[str, str]:
    return {pair["name"]: str(pair["value"]) for pair in pairs}
