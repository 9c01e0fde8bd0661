"""What registries ask of a user: an address and tokens, which are never shown."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# field: the environment variables that say it, the first that is set counts
VARIABLES = {
    "registry_uri": ("MLFLOW_REGISTRY_URI", "MLFLOW_TRACKING_URI"),
    "jfrog_api_token": ("JFROG_API_TOKEN",),
    "jfrog_access_token": ("JFROG_ACCESS_TOKEN",),
}


class Credentials:
    """Where a model registry is, and the tokens for it; what was not given is taken from the environment.

    The values stand in no representation of the object, and it refuses to be pickled or copied, so that no report, log,
    traceback or worker has them.
    """

    __slots__ = ("jfrog_access_token", "jfrog_api_token", "registry_uri")

    def __init__(
        self,
        registry_uri: str | None = None,
        jfrog_api_token: str | None = None,
        jfrog_access_token: str | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.registry_uri = registry_uri or _said(environment, "registry_uri")
        self.jfrog_api_token = jfrog_api_token or _said(environment, "jfrog_api_token")
        self.jfrog_access_token = jfrog_access_token or _said(environment, "jfrog_access_token")

    def __repr__(self) -> str:
        known = [name for name in self.__slots__ if getattr(self, name)]
        return f"Credentials({', '.join(known) or 'none'})"

    def __reduce__(self) -> str:
        raise TypeError("credentials stay in the process that was given them")


def _said(environment: Mapping[str, str], name: str) -> str | None:
    return next((environment[variable] for variable in VARIABLES[name] if environment.get(variable)), None)
