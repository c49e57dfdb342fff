"""A live look at a server with a command: it runs in a sandbox, with nothing of Hive's, and ends with the look."""

from __future__ import annotations

from typing import Any

import pytest

from apps.projects.mcp_servers import Wanted, set_server
from apps.projects.secrets import put_secret
from hive.home import Home
from tests.conftest import People
from tests.mcp_servers import SERVERS
from workers.mcp_look_inside import look_inside

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "s3cret-of-ours-78"
SERVER = (SERVERS / "small.py").read_text()


@pytest.fixture
def settled(home: Home, people: People, settings: Any) -> People:
    home.work.mkdir(mode=0o711, parents=True, exist_ok=True)
    put_secret(people.project, "TOKEN", SECRET)
    settings.SANDBOX = "process"
    return people


def test_it_is_asked_in_a_sandbox_with_nothing_of_hives_and_nothing_stays(settled: People, home: Home) -> None:
    command = ["python3", "-c", SERVER]
    row = set_server(settled.project, "inside", Wanted(command, env={"HOW": f"told {SECRET}"}))
    looked = look_inside(row.pk)
    assert (looked["ok"], looked["message"]) == (True, "It answers, and offers 1 tool.")
    seen = looked["tools"][0]["description"]
    assert "HIVE_WORKSPACE" in seen
    assert "told" in seen
    assert SECRET not in seen
    assert not [name for name in ("DJANGO_SETTINGS_MODULE", "HIVE_HOME", "HIVE_SECRET_KEY") if name in seen]
    assert not list(home.work.iterdir())


def test_one_that_does_not_speak_is_told_with_what_it_wrote(settled: People) -> None:
    row = set_server(settled.project, "inside", Wanted(["sh", "-c", "echo I cannot begin >&2; exit 3"]))
    looked = look_inside(row.pk)
    assert (looked["ok"], looked["tools"]) == (False, ())
    assert "I cannot begin" in looked["message"]


def test_one_that_was_removed_meanwhile_is_not_there(settled: People) -> None:
    assert look_inside(4711)["message"] == "It is not there any more."
