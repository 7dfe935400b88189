"""Every method on every scene: two at a time, one result for each scene and method."""

import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from bench import sets
from bench.methods import METHODS
from bench.scene_cache import scene_file
from bench.scenes import Recipe
from bench.scoring import Score, pooled, score


@dataclass(frozen=True, kw_only=True)
class SceneResult:
    """What one method made of one scene."""

    set_name: str
    recipe: Recipe
    method: str
    score: Score


def run(
    *,
    side: str,
    methods: Iterable[str],
    set_names: Iterable[str],
    quick: bool,
    jobs: int,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[SceneResult]:
    """Score `methods` on the sets `set_names` of `side`, in `jobs` processes."""
    tasks = [(name, recipe, tuple(methods)) for name in set_names for recipe in sets.recipes(name, side, quick=quick)]
    # The longest first, so that no process is left alone with one at the end.
    tasks.sort(key=lambda task: -task[1].seconds)
    # Each process has one core to itself: more threads would only wait for each other.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    results: list[SceneResult] = []
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(score_scene, *task) for task in tasks]
        for done, future in enumerate(as_completed(futures), start=1):
            results += future.result()
            on_progress(done, len(tasks))
    return sorted(results, key=lambda result: (sets.NAMES.index(result.set_name), result.recipe.name))


def score_scene(set_name: str, recipe: Recipe, methods: tuple[str, ...]) -> list[SceneResult]:
    """Make the scene if need be and score each of `methods` on it."""
    # pydub looks for an FFmpeg program on import and complains; it gets decoded samples.
    warnings.filterwarnings("ignore", module="pydub")
    path, truth = scene_file(recipe)
    return [
        SceneResult(set_name=set_name, recipe=recipe, method=method, score=score(truth, METHODS[method](path)))
        for method in methods
    ]


def by_set(results: list[SceneResult], method: str) -> dict[str, Score]:
    """Pool the scores of `method` set by set; the four SNRs together as `all SNRs`."""
    mine = [result for result in results if result.method == method]
    names = [name for name in sets.NAMES if any(result.set_name == name for result in mine)]
    scores = {name: pooled(result.score for result in mine if result.set_name == name) for name in names}
    core = [result.score for result in mine if result.set_name in sets.CORE]
    return ({"all SNRs": pooled(core)} if core else {}) | scores
