"""Run one command as in the container: `python -m bench.read_only_root SCRATCH COMMAND...`.

Everything but the folder SCRATCH is read-only, the user is the image's (10001, whom no one knows here) and has no
capabilities. Linux only; needs no container engine and no root, but a kernel that allows user namespaces. Where it does
not, the exit code is `NOT_ALLOWED` and one line on standard error says why.
"""

import ctypes
import os
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import NoReturn

USER = 10001
NOT_ALLOWED = 125
ROOT = Path(__file__).parent.parent

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_SYS_MOUNT_SETATTR = 442
_READ_ONLY = 1
_MS_BIND = 1 << 12
_MS_PRIVATE = 1 << 18


class _MountAttributes(ctypes.Structure):
    """`struct mount_attr` of mount_setattr(2)."""

    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user_namespace", ctypes.c_uint64),
    )


def image_environment(scratch: Path) -> dict[str, str]:
    """Return the ENV of `container/Dockerfile`, all of the environment there is in it, with `scratch` as its /tmp.

    What stands there in numba's place comes first, as in the image.
    """
    from local.engine.image import read_image

    image = read_image(ROOT / "container", "Dockerfile")
    # What the image has elsewhere is not writable there, so it must not be here.
    environment = image.local_environment(scratch=scratch, kept=Path("/not/there"))
    home = scratch / PurePosixPath(image.environment["HOME"]).relative_to("/tmp")  # noqa: S108 - the image's
    python_path = f"{ROOT / 'container' / 'absent'}:{ROOT}"
    return environment | {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": python_path}


def command_in(scratch: Path, command: list[str]) -> list[str]:
    """Return `command` as a process to start: with nothing to write to but `scratch`, as the image's user."""
    return [sys.executable, "-m", "bench.read_only_root", str(scratch), *command]


def is_allowed() -> bool:
    """Whether this system lets a command run like that."""
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(command_in(Path(scratch), ["true"]), cwd=ROOT, stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def seal(scratch: Path) -> None:
    """Leave this process, and what it starts, nothing to write to but `scratch`. Raises OSError if not allowed."""
    if sys.platform != "linux":
        raise OSError("only Linux has mount namespaces")
    user, group = os.getuid(), os.getgid()
    os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNS)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{USER} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{USER} {group} 1")
    place = os.fsencode(scratch.absolute())
    # A mount of its own, so that it can stay writable when the one it lies in does not.
    _call("mount", place, place, None, _MS_BIND, None)
    _set_attributes(b"/", _MountAttributes(set=_READ_ONLY, propagation=_MS_PRIVATE), flags=_AT_RECURSIVE)
    _set_attributes(place, _MountAttributes(clear=_READ_ONLY), flags=0)


def _set_attributes(place: bytes, attributes: _MountAttributes, *, flags: int) -> None:
    size = ctypes.sizeof(attributes)
    _call("syscall", _SYS_MOUNT_SETATTR, _AT_FDCWD, place, flags, ctypes.byref(attributes), ctypes.c_size_t(size))


def _call(name: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), name)


def main(arguments: list[str]) -> NoReturn:
    """Seal this process and become the command: whoever is not root loses all capabilities with that."""
    scratch, *command = arguments
    folder = Path.cwd()
    try:
        seal(Path(scratch))
    except OSError as error:
        print(f"this system allows no read-only root here: {error}", file=sys.stderr)
        sys.exit(NOT_ALLOWED)
    # Where this is lies under the new mount by now, if it is the scratch folder.
    os.chdir(folder)
    os.execvp(command[0], command)  # noqa: S606 - a list of arguments, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
