"""The environment that functions and containers have in common: it leads to the engine, and nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from local.engine.permissions.permissions import Session
from local.sessions import CREDENTIALS

_PATH = "/usr/local/bin:/usr/bin:/bin"
# a template's own AWS_ENDPOINT_URL_S3 would beat AWS_ENDPOINT_URL, and a profile needs the user's files
_REDIRECTIONS = ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONTAINER_")


@dataclass(frozen=True)
class ChildEnvironment:
    """What every child process of an engine is told of AWS."""

    region: str
    endpoint: str

    def around(self, own: Mapping[str, str], session: Session | None = None) -> dict[str, str]:
        """Return a child's variables: its own, which may say the region, and what must not be overridden.

        Credentials are its role's session's, where permissions are enforced.
        """
        return {
            "PATH": _PATH,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            **{name: value for name, value in own.items() if not name.startswith(_REDIRECTIONS)},
            **(session.as_variables() if session else CREDENTIALS),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            # a proxy that a template sets is for the world beyond
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
