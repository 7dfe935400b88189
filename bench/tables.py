"""The results as Markdown tables, which read well in a terminal and in docs/ alike."""

import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from bench import quality
from bench.quality import SceneResult
from bench.scoring import Score, pooled
from bench.speed import Timing

_DETAILS = (
    *("sounds", "onset F1", "+offset", "missed", "merged", "mistimed", "split", "junk", "thumps kept"),
    *("attack cut", "body cut", "lead ms: median, p95", "trail ms: p5, median, p95"),
)


def comparison(results: list[SceneResult], methods: Iterable[str]) -> str:
    """Onset F1 / onset+offset F1 of each method on each set."""
    scores = {method: quality.by_set(results, method) for method in methods}
    names = list(next(iter(scores.values())))
    sounds = next(iter(scores.values()))
    rows = [["sounds", *(str(sounds[name].sounds) for name in names)]]
    rows += [[method, *(_pair(by_set[name]) for name in names)] for method, by_set in scores.items()]
    return table(["onset F1 / with offset", *names], rows)


def details(results: list[SceneResult], method: str) -> str:
    """Say what goes wrong with `method`, set by set."""
    return table(
        ["set", *_DETAILS], [[name, *_details_row(score)] for name, score in quality.by_set(results, method).items()]
    )


def faults(results: list[SceneResult], methods: Iterable[str]) -> str:
    """Say what goes wrong with each method, all scenes together."""
    rows = []
    for method in methods:
        total = pooled(result.score for result in results if result.method == method)
        rows.append([method, *_details_row(total)])
    return table(["method", *_DETAILS], rows)


def worst(results: list[SceneResult], method: str, *, count: int) -> str:
    """List the scenes with the most that went wrong, with their recipes' names and what it was."""
    mine = sorted((each for each in results if each.method == method), key=lambda each: each.score.onset_f1)
    lines = []
    for each in mine[:count]:
        recipe = each.recipe
        lines.append(
            f"- {recipe.name} ({recipe.noise}, {recipe.snr_db:g} dB, {recipe.codec}): F1 {each.score.onset_f1:.2f}; "
            + "; ".join(each.score.incidents[:12])
        )
    return "\n".join(lines)


def timings(measured: list[Timing]) -> str:
    """Seconds and peak memory of each job on each length."""
    lengths = list(dict.fromkeys(timing.length for timing in measured))
    found = {(timing.job, timing.length): timing for timing in measured}
    rows = [
        [job, *(_timing(found[job, length]) for length in lengths)]
        for job in dict.fromkeys(timing.job for timing in measured)
    ]
    return table(["whole cold process, 1 CPU", *lengths], rows)


def machine() -> str:
    """Say on what this ran."""
    packages = ("av", "librosa", "numpy", "scipy", "numba", "pydub", "auditok", "mir_eval")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{_processor()}, {platform.system()} {platform.machine()}, Python {platform.python_version()}; {versions}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a Markdown table with its columns aligned."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (header, *rows)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _pair(score: Score) -> str:
    if not score.sounds:
        return f"{score.found} junk"
    return f"{score.onset_f1:.3f} / {score.onset_offset_f1:.3f}"


def _details_row(score: Score) -> list[str]:
    shares = [f"{score.share_of_sounds(kind):.1%}" for kind in ("missed", "merged", "mistimed", "split")]
    lead, trail = np.array(score.lead_ms), np.array(score.trail_ms)
    return [
        str(score.sounds),
        f"{score.onset_f1:.3f}" if score.sounds else "-",
        f"{score.onset_offset_f1:.3f}" if score.sounds else "-",
        *shares,
        f"{score.junk} ({score.junk_share:.1%})",
        f"{score.thumps_kept}/{score.thumps}",
        f"{score.attacks_cut_share:.1%}",
        f"{score.bodies_cut_share:.1%}",
        _percentiles(lead, (50, 95)),
        _percentiles(trail, (5, 50, 95)),
    ]


def _percentiles(values: np.ndarray, percents: tuple[int, ...]) -> str:
    return ", ".join(f"{value:.0f}" for value in np.percentile(values, percents)) if len(values) else "-"


def _timing(timing: Timing) -> str:
    spread = f"{timing.least_seconds:.2f}..{timing.most_seconds:.2f}"
    return f"{timing.seconds:.2f} s ({spread}) {timing.peak_mb:.0f} MB"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
