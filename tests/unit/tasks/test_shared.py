"""Environment, clients, quoting, errors."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.clients import dynamodb_resource, forget_clients, s3_client
from shared.environment import ExtractMetadataEnvironment, PersistResultEnvironment, ValidateUploadEnvironment
from shared.quoting import printable, quoted


def test_given_an_empty_environment_when_read_then_the_defaults_are_those_of_the_template(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("MAX_UPLOAD_BYTES", "MAX_DURATION_SECONDS", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    assert ValidateUploadEnvironment.read().max_upload_bytes == 104_857_600
    assert ExtractMetadataEnvironment.read().max_duration_seconds == 14_400
    assert ValidateUploadEnvironment.read().log_level == "INFO"


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
        (ValidateUploadEnvironment, "MAX_UPLOAD_BYTES", "lots"),
        (ValidateUploadEnvironment, "MAX_UPLOAD_BYTES", "0"),
        (ExtractMetadataEnvironment, "MAX_DURATION_SECONDS", "-1"),
        (PersistResultEnvironment, "TABLE_NAME", ""),
        (PersistResultEnvironment, "LOG_LEVEL", "LOUD"),
    ],
)
def test_given_a_malformed_variable_when_read_then_it_is_named(
    model: Any, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.lower()):
        model.read()


def test_given_no_table_name_when_read_then_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TABLE_NAME")
    with pytest.raises(ValidationError, match="table_name"):
        PersistResultEnvironment.read()


def test_given_a_warm_process_when_asked_again_then_the_clients_are_the_same(aws: None) -> None:
    first = s3_client(), dynamodb_resource()
    assert (s3_client(), dynamodb_resource()) == first
    assert first[0].meta.config.retries["mode"] == "standard"
    forget_clients()
    assert s3_client() is not first[0]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "'plain'"),
        ("a\x00b\nc\u202ed", "'a\ufffdb\ufffdc\ufffdd'"),
        ("日本", "'日本'"),
        ("x" * 80, f"'{'x' * 80}'"),
        ("x" * 81, f"'{'x' * 79}…'"),
        (-51, "'-51'"),
    ],
)
def test_given_any_value_when_quoted_then_it_is_printable_and_short(value: object, shown: str) -> None:
    assert quoted(value) == shown


def test_given_a_text_at_the_length_when_made_printable_then_it_is_not_cut() -> None:
    assert printable("abcd", max_length=4) == "abcd"
    assert printable("abcde", max_length=4) == "abc…"
