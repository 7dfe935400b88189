"""The environment variables of the functions, as types, checked when a function starts."""

import os
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt


class TaskEnvironment(BaseModel):
    """What every function is given. Field names are the variables' names in lower case."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    powertools_service_name: str = Field(default="little-bit-audio", min_length=1)
    powertools_metrics_namespace: str = Field(default="LittleBitAudio", min_length=1, max_length=255)

    @classmethod
    def read(cls) -> Self:
        """Read the process's environment.

        Raises:
            pydantic.ValidationError: names each variable that is missing or malformed.

        """
        return cls.model_validate(
            {name: os.environ[name.upper()] for name in cls.model_fields if name.upper() in os.environ}
        )


class ValidateUploadEnvironment(TaskEnvironment):
    """The environment of ValidateUpload."""

    max_upload_bytes: PositiveInt = 100 * 1024 * 1024


class ExtractMetadataEnvironment(TaskEnvironment):
    """The environment of ExtractMetadata."""

    max_duration_seconds: PositiveInt = 14_400


class PersistResultEnvironment(TaskEnvironment):
    """The environment of PersistResult."""

    table_name: str = Field(min_length=3, max_length=255, pattern=r"^[A-Za-z0-9_.-]+$")
