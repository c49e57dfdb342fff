"""The verbs against Hive's own API, in this process: its views, services and rows, and no server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.cache import cache
from django.test import Client
from django.test.utils import override_settings

from apps.accounts.keys import create_key
from apps.accounts.models import User
from hive.cli import job, mcp, memory, project
from hive.cli import run as run_verb
from hive.cli.main import main
from hive.cli.remote.address import Address
from hive.cli.remote.api import Api
from hive.home import Home
from tests.conftest import People

Said = tuple[int, str, str]
"""Exit code, standard output, standard error."""
Verbs = Callable[..., Said]
SITE = "http://testserver"


def answer(request: httpx.Request) -> httpx.Response:
    """What Hive's views answer."""
    headers = {name: value for name, value in request.headers.items() if name not in ("content-length", "host")}
    seen = Client().generic(
        request.method,
        request.url.raw_path.decode(),
        request.read(),
        content_type=headers.pop("content-type", "application/octet-stream"),
        headers=headers,
    )
    content = b"".join(seen.streaming_content) if seen.streaming else seen.content  # type: ignore[attr-defined]
    return httpx.Response(seen.status_code, headers=dict(seen.items()), content=content)


def api_of(user: User) -> Api:
    key = create_key(user, user.memberships.get().organisation, "CLI").key
    made = Api(Address(SITE, key))
    headers = made._client.headers
    made._client = httpx.Client(transport=httpx.MockTransport(answer), base_url=f"{SITE}/api/v1/", headers=headers)
    return made


@pytest.fixture
def verbs(
    people: People, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: Any, tmp_path: Path
) -> Any:
    """`verbs("project", "list", by=people.viewer)`: what the command prints for this person; the owner by itself."""
    settings.HOME = Home(tmp_path / "home")

    def say(*words: str, by: User | None = None) -> Said:
        for module in (job, mcp, memory, project, run_verb):
            monkeypatch.setattr(module, "Api", lambda: api_of(by or people.owner))
        code = main(words)
        return code, *capsys.readouterr()

    with override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}):
        cache.clear()
        yield say
