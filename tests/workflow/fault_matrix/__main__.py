"""`python -m tests.workflow.fault_matrix`: run every cell, print the matrix, exit 1 if one is not as it must be."""

import argparse
import sys
import time
from pathlib import Path

from tests.workflow.fault_matrix.cells import cells
from tests.workflow.fault_matrix.report import table
from tests.workflow.fault_matrix.verdicts import deploy, run
from tests.workflow.process_recording.stack import Stack

_BEGIN, _END = "<!-- matrix -->\n", "<!-- /matrix -->\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.workflow.fault_matrix", description=__doc__)
    parser.add_argument("--write", type=Path, help="put the matrix into this page, between its marks")
    parser.add_argument(
        "--only", default="", help="run the cells whose name holds this text, such as 'PersistResult: hang'"
    )
    options = parser.parse_args()
    page: Path | None = options.write
    chosen = [cell for cell in cells() if options.only in cell.name]
    began = time.monotonic()
    with deploy() as engine:
        verdicts = run(Stack(engine), chosen)
    matrix = table(verdicts)
    wrong = [verdict for verdict in verdicts if verdict.problems]
    for verdict in wrong:
        print(f"{verdict.cell.name}: {'; '.join(verdict.problems)}", file=sys.stderr)
    print(matrix)
    print(f"\n{len(verdicts)} cells, {len(wrong)} not as they must be, {time.monotonic() - began:.0f} s")
    if page and not wrong and not options.only:
        before, _, rest = page.read_text().partition(_BEGIN)
        _, _, after = rest.partition(_END)
        page.write_text(f"{before}{_BEGIN}{matrix}\n{_END}{after}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
