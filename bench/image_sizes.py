"""What each part of the image weighs: `python -m bench.image_sizes podman:IMAGE` (or docker:IMAGE)."""

import json
import subprocess
import sys
from pathlib import Path

from local.engine.containers import Containers

_MEGABYTE = 1_000_000
_INSIDE = Path(__file__).with_name("weigh_image.py")


def weights(containers: Containers) -> dict[str, tuple[int, int]]:
    """Return the bytes of each part and how many of them are bytecode, the heaviest first."""
    run = [containers.program, "run", "--rm", "--interactive", "--pull", "never", "--network", "none", "--user", "0"]
    done = subprocess.run(
        [*run, "--entrypoint", "python", containers.image, "-I", "-"],
        input=_INSIDE.read_bytes(), stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    found: dict[str, list[int]] = json.loads(done.stdout)
    return {part: (whole, bytecode) for part, (whole, bytecode) in sorted(found.items(), key=lambda item: -item[1][0])}


def table(weighed: dict[str, tuple[int, int]]) -> list[str]:
    """Return the lines of a Markdown table; parts under a megabyte are put together."""
    small = [sizes for sizes in weighed.values() if sizes[0] < _MEGABYTE]
    rows = [(part, *sizes) for part, sizes in weighed.items() if sizes[0] >= _MEGABYTE]
    rows.append((f"{len(small)} others", sum(whole for whole, _ in small), sum(bytecode for _, bytecode in small)))
    rows.append(("in all", sum(whole for whole, _ in weighed.values()), sum(code for _, code in weighed.values())))
    lines = ["| part | MB | of which bytecode |", "|---|---|---|"]
    return lines + [f"| {part} | {whole / _MEGABYTE:.1f} | {code / _MEGABYTE:.1f} |" for part, whole, code in rows]


if __name__ == "__main__":
    print("\n".join(table(weights(Containers.parse(sys.argv[1])))))
