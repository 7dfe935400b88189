"""podman, with a configuration of its own and, unless one is given to be kept, a storage that goes at the end."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

# runc and no systemd: what runs in a plain virtual machine and on a build server alike.
_CONFIGURATION = """
[containers]
netns = "host"
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
_STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
"""
HARDENED = (
    *("--rm", "--pull", "never", "--read-only", "--read-only-tmpfs=false", "--user", "10001", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--memory", "1g", "--mount", "type=volume,destination=/tmp"),
)


class Podman:
    """podman's command. `folder` holds its configuration and its storage."""

    def __init__(self, kept: str | None) -> None:
        self._is_kept = bool(kept)
        self.folder = Path(kept or tempfile.mkdtemp(prefix="image-test-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.configuration = {
            "CONTAINERS_CONF": str(self._write("containers.conf", _CONFIGURATION)),
            "CONTAINERS_STORAGE_CONF": str(self._write("storage.conf", _STORAGE.format(folder=self.folder))),
        }
        self.environment = os.environ | self.configuration

    def __call__(self, *arguments: str, timeout: float = 300) -> str:
        """Run podman; returns what it printed, and fails the test with what it complained of."""
        done = self.attempt(*arguments, timeout=timeout)
        if done.returncode != 0:
            pytest.fail(f"podman {arguments[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def attempt(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run podman, whatever comes of it."""
        return subprocess.run(
            ["podman", *arguments],
            # conmon leaves a file where it is started, when memory runs out
            cwd=self.folder,
            env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
        )  # fmt: skip

    def close(self) -> None:
        """Remove the containers and, if it is not to be kept, the storage."""
        self.attempt("rm", "--all", "--force", "--volumes")
        if self._is_kept:
            return
        self.attempt("rmi", "--all", "--force")
        subprocess.run(["umount", "--lazy", str(self.folder / "graph" / "overlay")], capture_output=True)
        shutil.rmtree(self.folder)

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path
