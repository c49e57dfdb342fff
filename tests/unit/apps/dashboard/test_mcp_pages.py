"""A project's MCP servers on their page: set, changed, asked, removed; and by whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.projects.mcp_servers import Wanted, set_server
from apps.projects.models import McpServer
from apps.projects.secrets import put_secret
from tests.conftest import People
from tests.mcp_servers.echo import echo
from tests.unit.apps.dashboard.conftest import Visit

FORM = {
    "name": "forge",
    "url": "https://mcp.example/mcp",
    "headers": "Authorization: Bearer ${TOKEN}\n",
    "policy": "gate",
    "tools": "list: allow\ndrop: deny\n",
    "planning": "list\n",
    "timeout_s": "30",
    "enabled": "on",
}


@pytest.fixture
def place(people: People) -> str:
    return f"/projects/{people.project.pk}/mcp-servers/"


@pytest.fixture
def owner(people: People, visit: Visit) -> Client:
    return visit(people.owner)


def test_a_server_is_set_with_the_form_and_shown_with_its_rules(people: People, owner: Client, place: str) -> None:
    answer = owner.post(f"{place}set/", FORM, follow=True)
    made = McpServer.objects.get()
    assert (made.headers, made.tools) == ({"Authorization": "Bearer ${TOKEN}"}, {"list": "allow", "drop": "deny"})
    assert (made.planning, made.timeout_s, made.enabled) == (["list"], 30, True)
    page = answer.content.decode()
    assert "forge is set." in page
    assert "gate, list: allow, drop: deny" in page


def test_its_form_holds_what_it_is_so_that_setting_it_again_changes_nothing(
    people: People, owner: Client, place: str
) -> None:
    wanted = Wanted(["server", "two words"], env={"A": "b=c"}, policy="deny", tools={"x": "gate"}, enabled=False)
    set_server(people.project, "time", wanted)
    form = owner.get(f"{place}?edit=time").context["form"]
    owner.post(f"{place}set/", form)
    made = McpServer.objects.get()
    assert Wanted(made.command, made.env, policy=made.policy, tools=made.tools, enabled=made.enabled) == wanted


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"headers": "Authorization: in-the-clear"}, "looks like a credential"),
        ({"headers": "nothing"}, "Write NAME:VALUE on each line"),
        ({"tools": "list: maybe"}, "each with allow, gate, deny"),
        ({"command": "server 'open"}, "The command cannot be read"),
        ({"name": "No Name"}, "lower-case letters"),
    ],
)
def test_what_cannot_be_one_is_told_and_the_form_keeps_its_texts(
    owner: Client, place: str, wrong: dict[str, str], said: str
) -> None:
    answer = owner.post(f"{place}set/", {**FORM, **wrong})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert answer.context["form"]["planning"] == FORM["planning"]
    assert not McpServer.objects.exists()


def test_a_check_shows_each_tool_with_the_projects_rule_and_no_credential(
    people: People, visit: Visit, place: str, settings: Any
) -> None:
    put_secret(people.project, "TOKEN", "s3cret-of-ours")
    with echo() as (host, seen):
        settings.MCP_HOSTS = [host]
        headers = {"Authorization": "Bearer ${TOKEN}"}
        set_server(people.project, "echo", Wanted(url=f"http://{host}/mcp", headers=headers, tools={"look": "deny"}))
        answer = visit(people.teammate).post(f"{place}echo/check/")
    assert set(seen) == {"Bearer s3cret-of-ours"}
    assert [(row["tool"].name, row["policy"]) for row in answer.context["tools"]] == [("go", "gate"), ("look", "deny")]
    assert "s3cret-of-ours" not in answer.content.decode()


def test_a_server_that_does_not_answer_is_told_so(people: People, owner: Client, place: str) -> None:
    set_server(people.project, "away", Wanted(url="https://127.0.0.1:1/"))
    answer = owner.post(f"{place}away/check/")
    assert answer.context["looked"].ok is False
    assert "Does not" in answer.content.decode()


def test_a_teammate_looks_and_finds_no_form_and_another_projects_server_is_not_there(
    people: People, visit: Visit, place: str
) -> None:
    set_server(people.project, "time", Wanted(["server"]))
    set_server(people.foreign_project, "theirs", Wanted(["server"]))
    page = visit(people.teammate).get(place).content.decode()
    assert "server-time" in page
    assert "theirs" not in page
    assert "server-form" not in page
    owner = visit(people.owner)
    assert owner.post(f"{place}theirs/remove/").status_code == 404
    assert owner.post(f"/projects/{people.foreign_project.pk}/mcp-servers/theirs/remove/").status_code == 404
    assert owner.post(f"{place}time/remove/").status_code == 302
    assert [one.name for one in McpServer.objects.all()] == ["theirs"]
