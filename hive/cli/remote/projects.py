"""Which project a person means."""

from __future__ import annotations

from hive.cli.failure import Failure
from hive.cli.remote.api import Api


def path_of(api: Api, slug: str) -> str:
    """The address of the one project of this name, below the API's. Raises Failure."""
    found = list(api.pages("projects", slug=slug))
    if len(found) != 1:
        raise Failure(
            f"There is no project {slug!r}." if not found else f"Several organisations have a project {slug!r}."
        )
    return f"projects/{found[0]['id']}"
