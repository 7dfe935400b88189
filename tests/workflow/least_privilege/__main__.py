"""`python -m tests.workflow.least_privilege`: drop each statement once, print what fails, exit 1 if nothing does."""

import argparse
import logging
import sys
import time
from pathlib import Path

from tests.workflow.least_privilege.proof import Proof, part_of
from tests.workflow.least_privilege.report import table, unexcused
from tests.workflow.least_privilege.stage import Stage, deploy

_BEGIN, _END = "<!-- permissions -->\n", "<!-- /permissions -->\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.workflow.least_privilege", description=__doc__)
    parser.add_argument("--write", type=Path, help="put the tables into this page, between its marks")
    parser.add_argument("--only", default="", help="drop the statements whose name holds this text")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # what is denied is what this is about
    began = time.monotonic()
    with deploy() as engine, Stage(engine) as stage:
        proof = Proof.begin(stage)
        chosen = [each for each in proof.statements() if options.only in str(part_of(each.id))]
        dropped = [each for each in map(proof.drop, chosen) if each]
        tables = table(proof, dropped)
        wrong = [f"{run.scenario}: {surprise}" for run in proof.runs for surprise in run.surprises]
        wrong += [problem for each in dropped for problem in each.problems]
        wrong += [f"{part} is needed by no run, and not excused" for part in unexcused(proof)]
        wrong += [problem for statement in chosen for problem in proof.narrowed(statement)]
    print(tables)
    print("\n".join(wrong), file=sys.stderr)
    print(
        f"\n{len(proof.runs)} scenarios with all statements; {len(dropped)} of {len(chosen)} statements dropped one at "
        f"a time, {sum(not each.problems for each in dropped)} of which failed a run; {len(wrong)} problems; "
        f"{time.monotonic() - began:.0f} s"
    )
    page: Path | None = options.write
    if page and not wrong and not options.only:
        before, _, rest = page.read_text().partition(_BEGIN)
        page.write_text(f"{before}{_BEGIN}{tables}\n{_END}{rest.partition(_END)[2]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
