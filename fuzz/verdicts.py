"""`python -m fuzz.verdicts --count 2000 --seed 1`: what comes of each file of the corpus, as tables.

Exits 1 when a file broke the promise of docs/hostile-input.md; those are kept, with what the process printed.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from fuzz.corpus import mutated, special_cases
from fuzz.verdict import Verdict, judge

_OUTCOMES = ("processed", "warned", "NOT_AUDIO", "NO_AUDIO_TRACK", "CORRUPT", "TOO_LONG", "broken")


def main() -> int:
    """Judge the corpus, print the tables, keep what broke the promise."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.verdicts", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="mutated files; the special files come on top")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    parser.add_argument("--keep", type=Path, default=Path("out/hostile"), metavar="DIR", help="for what broke it")
    parser.add_argument("--only", default="", metavar="TEXT", help="only files with TEXT in their name")
    arguments = parser.parse_args()
    cases = [
        case for case in (*mutated(arguments.count, arguments.seed), *special_cases()) if arguments.only in case.name
    ]
    with ThreadPoolExecutor(arguments.workers) as workers:
        running = {workers.submit(judge, case): index for index, case in enumerate(cases)}
        done = [(running[each], each.result()) for each in _told(as_completed(running), len(cases))]
    verdicts = [verdict for _, verdict in sorted(done, key=lambda numbered: numbered[0])]
    print(tables(verdicts))
    broken = [verdict for verdict in verdicts if verdict.faults]
    for verdict in broken:
        _keep(verdict, arguments.keep)
    if broken:
        print(f"\n{len(broken)} broke the promise and are in {arguments.keep}:")
        print("\n".join(f"  {verdict.case.name}: {'; '.join(verdict.faults)}" for verdict in broken))
    return 1 if broken else 0


def _told(judged: Iterable[Future[Verdict]], count: int) -> Iterable[Future[Verdict]]:
    for index, each in enumerate(judged, start=1):
        verdict = each.result()
        if verdict.faults or index % 100 == 0 or index == count:
            told = f"{verdict.case.name}: {'; '.join(verdict.faults)}" if verdict.faults else ""
            print(f"{index}/{count} {told}", file=sys.stderr, flush=True)
        yield each


def tables(verdicts: list[Verdict]) -> str:
    """Return three Markdown tables: by format, by mutation, and the special files one by one."""
    random = [verdict for verdict in verdicts if verdict.case.audio_format != "special"]
    special = [verdict for verdict in verdicts if verdict.case.audio_format == "special"]
    parts = []
    if random:
        parts.append(_counts("format", {verdict: verdict.case.audio_format for verdict in random}))
        parts.append(_counts("mutation", {verdict: verdict.case.kind for verdict in random}))
    if special:
        lines = [f"| {each.case.kind} | {each.outcome} | {each.seconds:.1f} | {each.peak_mb:.0f} |" for each in special]
        parts.append("\n".join(["| special file | verdict | CPU s | MB |", "|---|---|---:|---:|", *lines]))
    return "\n\n".join(parts)


def _counts(title: str, groups: dict[Verdict, str]) -> str:
    members: dict[str, list[Verdict]] = defaultdict(list)
    for verdict, group in groups.items():
        members[group].append(verdict)
    members["all"] = list(groups)
    head = f"| {title} | files | {' | '.join(_OUTCOMES)} | most CPU s | most MB |"
    lines = [head, "|---|" + "---:|" * (len(_OUTCOMES) + 3)]
    for group, verdicts in members.items():
        counts = Counter(verdict.outcome for verdict in verdicts)
        numbers = " | ".join(str(counts[outcome] or "") for outcome in _OUTCOMES)
        seconds, peak = max(each.seconds for each in verdicts), max(each.peak_mb for each in verdicts)
        lines.append(f"| {group} | {len(verdicts)} | {numbers} | {seconds:.1f} | {peak:.0f} |")
    return "\n".join(lines)


def _keep(verdict: Verdict, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / verdict.case.name).write_bytes(verdict.case.make())
    told = "\n".join([*verdict.faults, "", verdict.output])
    (folder / f"{verdict.case.name}.txt").write_text(told, encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
