import json
import sys
from pathlib import Path

import pytest

from local.engine.errors import TemplateError
from local.engine.image import ContainerImage, read_image


def _image(tmp_path: Path, text: str) -> ContainerImage:
    (tmp_path / "Dockerfile").write_text(text, encoding="utf-8")
    return read_image(tmp_path, "Dockerfile")


def test_given_an_entrypoint_of_python_when_read_then_this_interpreter_is_started(tmp_path: Path) -> None:
    image = _image(tmp_path, 'FROM python:3.13\nENTRYPOINT ["python", "-m", "thing"]\nCMD ["--help"]\n')

    assert image.arguments(None) == [sys.executable, "-m", "thing", "--help"]
    assert image.arguments(["--other"]) == [sys.executable, "-m", "thing", "--other"]


@pytest.mark.parametrize("python", ["python3", "python3.13", "/usr/local/bin/python", "/opt/venv/bin/python3"])
def test_given_any_python_when_read_then_it_is_this_interpreter(tmp_path: Path, python: str) -> None:
    image = _image(tmp_path, f"FROM x\nENTRYPOINT {json.dumps([python, 'a.py'])}\n")

    assert image.arguments(None) == [sys.executable, "a.py"]


def test_given_several_stages_when_read_then_the_last_counts_with_what_it_is_built_on(tmp_path: Path) -> None:
    image = _image(
        tmp_path,
        "ARG BASE=python:3.13\n"
        "FROM ${BASE} AS base\nENV SHARED=yes ONLY_BASE=1\nWORKDIR /srv\n"
        'FROM base AS builder\nENV STAGE=builder\nENTRYPOINT ["make"]\n'
        'FROM --platform=linux/amd64 base\nENV STAGE="the last" \\\n    TWICE=${SHARED}-${SHARED}\nWORKDIR app\n'
        "# a comment\nENTRYPOINT run me\n",
    )

    assert image.environment == {"SHARED": "yes", "ONLY_BASE": "1", "STAGE": "the last", "TWICE": "yes-yes"}
    assert str(image.workdir) == "/srv/app"
    assert image.arguments(None) == ["/bin/sh", "-c", "run me"]


def test_given_paths_of_the_image_when_run_here_then_they_are_paths_of_this_machine(tmp_path: Path) -> None:
    image = _image(
        tmp_path,
        "FROM x\nWORKDIR /app\nENV DATA=/app/data CACHE=/opt/no/such/cache \\\n"
        "  TMP_CACHE=/tmp/c PATH=/opt/venv/bin:$PATH URL=https://example.com/a SHELL=/bin/sh \\\n"
        "  PLAIN=words BOTH=/app/a:/app/b\n"
        'CMD ["x"]\n',
    )

    local = image.local_environment(scratch=Path("/scratch"), kept=Path("/kept"))

    assert local == {
        "DATA": str(tmp_path / "data"),
        "CACHE": "/kept/opt/no/such/cache",
        "TMP_CACHE": "/scratch/c",
        "URL": "https://example.com/a",
        "SHELL": "/bin/sh",
        "PLAIN": "words",
        "BOTH": f"{tmp_path / 'a'}:{tmp_path / 'b'}",
    }


def test_given_no_dockerfile_when_read_then_the_error_names_it(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"Nowhere.*No such file"):
        read_image(tmp_path, "Nowhere")


def test_given_nothing_to_start_when_read_then_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="neither ENTRYPOINT nor CMD"):
        _image(tmp_path, "FROM x\nRUN true\n")
