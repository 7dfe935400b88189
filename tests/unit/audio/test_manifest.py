import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import oneshots
from oneshots import manifest
from oneshots.naming import fitting_stem, split_name
from oneshots.parameters import parse_parameters
from oneshots.pipeline import process
from oneshots.rejection import Rejection
from persist.manifest import MAX_MANIFEST_BYTES
from tests.unit.audio.signals import scene, silence, write_by_soundfile

SCHEMA = json.loads((Path(oneshots.__file__).parent / "manifest.schema.json").read_text())
RECORDING_ID = "0123456789abcdef0123456789abcdef"


def validate(document):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


def processed(tmp_path, samples, **params):
    return described(write_by_soundfile(tmp_path / "a.wav", samples), **params)


def described(path, **params):
    parameters = parse_parameters({name.replace("_", "-"): value for name, value in params.items()})
    result = process(path, parameters=parameters, output_dir=path.parent)
    return manifest.completed(
        result,
        recording_id=RECORDING_ID,
        source={"name": "a.wav"},
        parameters=parameters,
        place=lambda one_shot: {"path": one_shot.path.name},
        files={"waveform": "waveform.json"} | {name: f"{name}.png" for name in result.pictures},
    )


def rejected():
    return manifest.rejected(
        Rejection("CORRUPT", "nothing decodes"),
        recording_id=RECORDING_ID,
        source={"name": "a.wav", "bucket": "b", "key": "k/a.wav", "versionId": "v"},
        parameters=parse_parameters({}),
        size_bytes=12,
    )


def test_given_a_processed_recording_when_described_then_the_manifest_obeys_its_schema(tmp_path):
    document = processed(tmp_path, scene([0.5, 1.5], seconds=2.5))
    validate(json.loads(manifest.to_json(document)))
    assert [one["index"] for one in document["oneShots"]] == [1, 2]
    names = {"waveform": "waveform.json", "overview": "overview.png", "spectrogram": "spectrogram.png"}
    assert document["files"] == names | {"original": None}


def test_given_silence_when_described_then_the_manifest_has_null_and_no_nan(tmp_path):
    document = processed(tmp_path, silence(seconds=2))
    validate(json.loads(manifest.to_json(document)))
    assert document["outcome"] == "completed"
    assert document["oneShots"] == []
    assert set(document["loudness"].values()) == {None}


def test_given_a_rejection_when_described_then_the_manifest_obeys_its_schema():
    document = rejected()
    validate(json.loads(manifest.to_json(document)))
    assert document["reason"] == {"code": "CORRUPT", "message": "nothing decodes"}


@pytest.mark.parametrize(
    "damage",
    [
        {"outcome": "completed"},
        {"reason": None},
        {"manifestVersion": 2},
        {"recordingId": "short"},
        {"surprise": 1},
        {"warnings": [{"code": "lower case", "message": ""}]},
    ],
)
def test_given_a_wrong_manifest_when_validated_then_the_schema_refuses_it(damage):
    with pytest.raises(jsonschema.ValidationError):
        validate({**rejected(), **damage})


def test_given_a_manifest_when_written_then_it_is_one_line_without_spaces():
    content = manifest.to_json({"a": [1, {"b": None}], "name": "日本 x"})
    assert content == '{"a":[1,{"b":null}],"name":"日本 x"}\n'.encode()


@pytest.mark.parametrize(("stem_bytes", "most"), [(20, 33_000), (918, 17_000)], ids=["a usual name", "the longest"])
def test_given_as_many_one_shots_as_documented_when_written_then_the_manifest_is_not_too_large(
    tmp_path, stem_bytes, most
):
    document = processed(tmp_path, scene([0.5, 1.5], seconds=2.5))
    prefix = f"public/processed/{'u' * 36}/{RECORDING_ID}/"
    key = f"{prefix}{'x' * stem_bytes}-99999.flac"
    assert len(key.encode()) <= 1024
    for one_shot in document["oneShots"]:
        one_shot.pop("path")
        one_shot |= {"index": 99_999, "key": key, "startSeconds": 14399.123456, "endSeconds": 14399.654321}
    of_two = len(manifest.to_json(document))
    of_one = len(manifest.to_json(document | {"oneShots": document["oneShots"][:1]}))
    assert of_two + most * (of_two - of_one) <= MAX_MANIFEST_BYTES


def test_given_nan_when_written_then_it_is_an_error_and_not_bad_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        manifest.to_json({"value": np.nan})


def test_given_a_gain_that_rounds_to_nothing_when_described_then_it_is_no_negative_zero(tmp_path):
    samples = scene([0.5, 1.5], seconds=2.5)
    samples *= np.float32(1.0001) / np.abs(samples).max()
    path = write_by_soundfile(tmp_path / "a.wav", samples, subtype="FLOAT")
    document = described(path, output_format="flac", normalize_audio=False)
    assert document["oneShots"]
    assert b"-0.0," not in manifest.to_json(document)
    assert b"-0.0}" not in manifest.to_json(document)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("take.M4A", ("take", "m4a")),
        ("a.b.wav", ("a.b", "wav")),
        ("noext", ("noext", "")),
        (".hidden", (".hidden", "")),
        ("日本.flac", ("日本", "flac")),
    ],
)
def test_given_a_name_when_split_then_its_extension_is_lower_case(name, expected):
    assert split_name(name) == expected


def test_given_a_name_that_fits_when_fitted_then_it_is_verbatim():
    assert fitting_stem("naïve a+b 100%25", max_bytes=255) == "naïve a+b 100%25"


def test_given_a_name_too_long_when_fitted_then_it_is_cut_between_characters():
    stem = fitting_stem("日" * 200, max_bytes=255)
    assert len(f"{stem}-00001.flac".encode()) <= 255
    assert stem == "日" * 78


def test_given_cuts_only_when_described_then_descriptors_are_null_and_levels_are_there(tmp_path):
    document = processed(tmp_path, scene([0.5, 1.5], seconds=2.5), features="cut-only")
    validate(json.loads(manifest.to_json(document)))
    assert document["settings"]["features"] == "cut-only"
    assert document["descriptors"] is None
    assert document["files"] == {"waveform": "waveform.json", "overview": None, "spectrogram": None, "original": None}
    assert document["loudness"]["integratedLufs"] < 0
    assert [one["descriptors"] for one in document["oneShots"]] == [None, None]
    assert all(one["loudness"]["lufs"] < 0 for one in document["oneShots"])


def test_given_no_descriptors_though_asked_for_when_checked_then_the_manifest_breaks_its_schema(tmp_path):
    document = processed(tmp_path, scene([0.5, 1.5], seconds=2.5))
    for broken in (
        document | {"descriptors": None},
        document | {"oneShots": [document["oneShots"][0] | {"descriptors": None}]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            validate(broken)


def test_given_the_codes_of_all_warnings_when_looked_up_then_the_documentation_has_one_line_for_each():
    sources = Path(oneshots.__file__).parent.glob("*.py")
    given = {code for path in sources for code in re.findall(r'RecordingWarning\(code="(\w+)"', path.read_text())}
    text = (Path(__file__).parents[3] / "docs/audio.md").read_text()
    table = text.split("## What it warns of")[1].split("\n## ")[0]
    assert len(given) == 9
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(given)
    assert all(text.count(f"`{code}`") == 1 for code in given - {"NO_SOUNDS"})
