import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bench import methods, scene_cache, sets, speed, tables
from bench.__main__ import app
from bench.quality import SceneResult, by_set, score_scene
from bench.scenes import Recipe
from bench.scoring import Score

ROOT = Path(__file__).parents[3]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(scene_cache, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def short_recipe() -> Recipe:
    # Nothing but a few sounds in quiet pink noise: what every method should find most of.
    plain = replace(sets.recipes("60 dB", "tuning")[0], gaps=(0.9, 1.5), seconds=10.0, thumps=0, spread_db=0.0)
    return replace(plain, codec="wav", noise="pink", channels=1, crackle_per_second=0.0, hum_db=None)


def test_given_a_scene_made_before_when_asked_for_again_then_it_is_not_made_anew(cache: Path) -> None:
    path, truth = scene_cache.scene_file(short_recipe())
    made_at = path.stat().st_mtime_ns
    again, same_truth = scene_cache.scene_file(short_recipe())
    assert (again, same_truth) == (path, truth)
    assert again.stat().st_mtime_ns == made_at
    assert cache in path.parents


def test_given_a_recipe_changed_under_its_name_when_asked_for_then_the_old_scene_is_not_given(cache: Path) -> None:
    path, _ = scene_cache.scene_file(short_recipe())
    other, truth = scene_cache.scene_file(replace(short_recipe(), seconds=5.0))
    assert other != path
    assert truth.seconds == 5.0


@pytest.mark.parametrize("method", ["in-process", "librosa split", "librosa onsets", "auditok"])
def test_given_plain_sounds_in_quiet_when_a_method_runs_then_it_finds_most_of_them(cache: Path, method: str) -> None:
    (result,) = score_scene("60 dB", short_recipe(), (method,))
    assert result.score.sounds >= 3
    assert result.score.onset_f1 > 0.6


def test_given_our_command_when_it_runs_on_a_scene_then_it_finds_what_the_package_finds_in_process(cache: Path) -> None:
    path, _ = scene_cache.scene_file(short_recipe())
    np.testing.assert_allclose(methods.oneshots_command(path), methods.oneshots_in_process(path), atol=2e-4)


def test_given_a_file_that_is_not_audio_when_our_command_runs_then_the_failure_says_why(tmp_path: Path) -> None:
    path = tmp_path / "notes.wav"
    path.write_text("not audio")
    with pytest.raises(methods.MethodError, match=r"exited with 3 on notes\.wav"):
        methods.oneshots_command(path)


def test_given_scores_of_several_sets_when_laid_out_then_each_set_and_the_snrs_together_have_a_column() -> None:
    results = [
        SceneResult(
            set_name=name, recipe=short_recipe(), method="ours", score=Score(sounds=4, found=4, onset_hits=hits)
        )
        for name, hits in (("60 dB", 4), ("15 dB", 2), ("wide", 1))
    ]
    scores = by_set(results, "ours")
    assert {name: score.onset_f1 for name, score in scores.items()} == {
        "all SNRs": 0.75,
        "60 dB": 1.0,
        "15 dB": 0.5,
        "wide": 0.25,
    }
    header, line, counts, ours = tables.comparison(results, ["ours"]).splitlines()
    assert [cell.strip() for cell in header.split("|")[2:-1]] == ["all SNRs", "60 dB", "15 dB", "wide"]
    assert set(line) <= set("|- ")
    assert [cell.strip() for cell in counts.split("|")[2:-1]] == ["8", "4", "4", "4"]
    assert "1.000 / 0.000" in ours


def test_given_a_process_that_takes_100_mb_when_timed_then_its_peak_and_exit_code_are_told() -> None:
    code = "import sys; block = b'x' * 100_000_000; sys.exit(4)"
    command = [sys.executable, "-m", "bench.stopwatch", sys.executable, "-c", code]
    told = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert told["exitCode"] == 4
    assert 100 < told["peakMb"] < 180
    assert told["seconds"] > 0


def test_given_the_stopwatch_when_imported_then_it_brings_no_memory_of_its_own_along() -> None:
    code = "import sys, bench.stopwatch; print(any(name in sys.modules for name in ('numpy', 'scipy', 'av')))"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told.strip() == "False"


def test_given_the_jobs_when_listed_then_ours_stands_beside_the_floor_and_the_peers() -> None:
    names = [job.name for job in speed.jobs()]
    assert names[0] == "decode-only floor"
    assert "oneshots, all features" in names
    assert "oneshots, all features, numba cache empty" in names
    assert {"former container (pydub)", "librosa split"} <= set(names)


def test_given_a_workload_when_it_runs_on_a_scene_then_it_does_its_whole_job(cache: Path, tmp_path: Path) -> None:
    path, _ = scene_cache.scene_file(short_recipe())
    command = [sys.executable, "-m", "bench.workloads", "decode-floor", str(path), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) == pytest.approx(1000, abs=10)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["quality", "--engine", "magic"], "'magic' is not known"),
        (["quality", "--only", "99 dB"], "'99 dB' is not known"),
    ],
)
def test_given_an_unknown_name_when_the_command_runs_then_it_says_what_is_allowed(
    arguments: list[str], told: str
) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    message = " ".join(done.stderr.replace("│", " ").split())
    assert told in message
    assert "allowed are" in message


def test_given_a_missing_package_when_the_command_runs_then_it_says_how_to_get_it() -> None:
    code = (
        "import sys, importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'mir_eval' else real(name, package)\n"
        "import runpy; sys.argv = ['bench', 'quality']; runpy.run_module('bench', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "bench needs mir_eval" in done.stderr
    assert "requirements/bench.txt" in done.stderr


def test_given_scenes_of_older_code_when_forgotten_then_only_those_of_the_present_code_are_left(cache: Path) -> None:
    path, _ = scene_cache.scene_file(short_recipe())
    (cache / "0123456789ab").mkdir()
    scene_cache.forget_older_scenes()
    assert path.exists()
    assert [folder.name for folder in cache.iterdir()] == [scene_cache.fingerprint()]
