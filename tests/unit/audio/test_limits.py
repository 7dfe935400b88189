import errno
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import oneshots
from oneshots import limits
from oneshots.limits import DiskFullError, LimitError, Limits, check_room, enforced, is_memory_short, read_limits

CONTAINER = Path(oneshots.__file__).parents[1]
MB = 1 << 20


def in_a_process(script: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=CONTAINER, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


# ---------------------------------------------------------------- what is read


def test_given_settings_when_read_then_they_are_the_limits():
    assert read_limits({"MEMORY_LIMIT_MB": "512", "TIME_LIMIT_SECONDS": "90.5"}) == Limits(
        memory_bytes=512 * MB, seconds=90.5
    )


@pytest.mark.parametrize(
    ("content", "megabytes"), [("536870912\n", 512), ("max\n", None), ("9223372036854771712\n", None)]
)
def test_given_a_cgroup_when_nothing_is_set_then_nine_tenths_of_its_limit_count_where_it_has_one(
    tmp_path, monkeypatch, content, megabytes
):
    (tmp_path / "memory.max").write_text(content)
    monkeypatch.setattr(limits, "_CGROUP_FILES", (tmp_path / "gone", tmp_path / "memory.max"))
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert read_limits({}).memory_bytes == (machine if megabytes is None else megabytes * MB) * 9 // 10


def test_given_a_cap_when_nothing_is_set_then_it_counts_and_when_a_limit_is_set_then_that_does():
    assert read_limits({}, most_memory_bytes=300 * MB).memory_bytes == 300 * MB
    assert read_limits({"MEMORY_LIMIT_MB": "9000"}, most_memory_bytes=300 * MB).memory_bytes == 9000 * MB


def test_given_nothing_is_set_when_read_then_the_time_is_well_under_the_state_machines():
    assert read_limits({}).seconds <= 0.8 * 3600


@pytest.mark.parametrize("value", ["0", "255", "-1", "1e3", "much", "512 ", "٥١٢", "9" * 10, "\x1b[2J"])
def test_given_a_senseless_memory_limit_when_read_then_the_error_names_it(value):
    with pytest.raises(LimitError, match=r"MEMORY_LIMIT_MB is .* from 256") as error:
        read_limits({"MEMORY_LIMIT_MB": value})
    assert str(error.value).isascii()
    assert str(error.value).isprintable()


@pytest.mark.parametrize("value", ["0", "-1", "inf", "nan", "soon", "1e9", "0.0001"])
def test_given_a_senseless_time_limit_when_read_then_the_error_names_it(value):
    with pytest.raises(LimitError, match="TIME_LIMIT_SECONDS is"):
        read_limits({"TIME_LIMIT_SECONDS": value})


# ---------------------------------------------------------------- what is enforced


def test_given_limits_when_the_block_is_over_then_the_process_is_as_it_was():
    kinds = (resource.RLIMIT_DATA, resource.RLIMIT_CORE)
    before = [resource.getrlimit(kind) for kind in kinds], signal.getsignal(signal.SIGALRM), threading.active_count()
    with enforced(Limits(memory_bytes=8 << 30, seconds=1000), say=print):
        assert resource.getrlimit(resource.RLIMIT_DATA)[0] <= 8 << 30
        assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 900
    after = [resource.getrlimit(kind) for kind in kinds], signal.getsignal(signal.SIGALRM), threading.active_count()
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert after == before


def test_given_the_time_is_up_when_working_then_it_is_said_and_the_process_unwinds_with_124():
    said = []
    with pytest.raises(SystemExit) as stop, enforced(Limits(memory_bytes=None, seconds=1000), say=said.append):
        signal.raise_signal(signal.SIGALRM)
    assert stop.value.code == 124
    assert said == ["not done within 1000 seconds (TIME_LIMIT_SECONDS)"]


def test_given_a_process_that_does_not_unwind_when_the_time_is_up_then_it_ends_without_its_folder(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    (folder / "recording").write_bytes(b"x")
    # Nothing foreign hangs on demand: a signal that never comes does as well.
    done = in_a_process(
        "import signal, sys; from pathlib import Path; from oneshots.limits import Limits, enforced\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n"
        "limits = Limits(memory_bytes=None, seconds=0.05)\n"
        "with enforced(limits, say=print, folder=Path(sys.argv[1]), grace_seconds=0.05):\n"
        "    signal.sigwait([signal.SIGUSR1])\n",
        folder,
    )
    assert (done.returncode, done.stdout, done.stderr) == (124, "", "")
    assert not folder.exists()


def test_given_a_memory_limit_when_more_is_asked_for_then_it_is_a_memory_error_and_not_a_kill():
    done = in_a_process(
        "from oneshots.limits import Limits, enforced\n"
        "with enforced(Limits(memory_bytes=200 << 20, seconds=60), say=print):\n"
        "    try: bytearray(300 << 20)\n"
        "    except MemoryError: print('refused')\n"
        "bytearray(300 << 20); print('granted')\n"
    )
    assert (done.returncode, done.stdout) == (0, "refused\ngranted\n")


@pytest.mark.parametrize(("limit_mb", "is_short"), [(150, True), (1000, False)])
def test_given_a_memory_limit_when_half_of_it_is_used_then_memory_is_short(limit_mb, is_short):
    done = in_a_process(
        "import sys; from oneshots.limits import Limits, enforced, is_memory_short\n"
        "used = bytearray(100 << 20)\n"
        "with enforced(Limits(memory_bytes=int(sys.argv[1]) << 20, seconds=60), say=print): print(is_memory_short())\n",
        limit_mb,
    )
    # Without /proc nothing tells how much is used.
    assert done.stdout == f"{is_short and Path('/proc/self/status').exists()}\n"


def test_given_no_memory_limit_when_asked_then_memory_is_not_short():
    assert not is_memory_short()


# ---------------------------------------------------------------- the disk


def test_given_room_when_checked_then_nothing_is_said(tmp_path):
    check_room(tmp_path, 0)


def test_given_no_room_when_checked_then_the_error_says_how_much_there_is(tmp_path):
    with pytest.raises(DiskFullError, match=r"no room for \d+ MB in .* MB are free") as error:
        check_room(tmp_path, 1 << 60)
    assert error.value.errno == errno.ENOSPC


def test_given_a_process_that_is_over_its_memory_already_when_it_is_limited_then_it_runs_out_and_does_not_hang():
    ran = in_a_process(
        "from oneshots.limits import Limits, enforced\n"
        "held = bytearray(500 << 20)\n"
        "with enforced(Limits(memory_bytes=256 << 20, seconds=50), say=print):\n"
        "    try:\n"
        "        more = bytearray(64 << 20)\n"
        "    except MemoryError:\n"
        "        print('out of memory')\n"
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "out of memory\n", "")
