"""A project's MCP servers over the API and in admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.projects.models import McpServer
from apps.projects.secrets import put_secret
from tests.conftest import People
from tests.mcp_servers.echo import echo
from tests.unit.apps.api.conftest import Api

FORGE = {"url": "https://mcp.example/mcp", "headers": {"Authorization": "Bearer ${TOKEN}"}, "tools": {"list": "allow"}}


@pytest.fixture
def path(people: People) -> str:
    return f"/projects/{people.project.pk}/mcp-servers"


def test_a_server_is_set_listed_and_removed(owner: Api, path: str) -> None:
    made = owner.ask("PUT", f"{path}/forge", FORGE).json()
    assert (made["name"], made["policy"], made["tools"]) == ("forge", "gate", {"list": "allow"})
    assert owner.get(path).json()["results"] == [made]
    assert owner.get(f"{path}/forge").json() == made
    assert owner.ask("DELETE", f"{path}/forge").status_code == 204
    assert owner.get(f"{path}/forge").status_code == 404


def test_no_answer_holds_a_credential(owner: Api, path: str, people: People) -> None:
    put_secret(people.project, "TOKEN", "s3cret-of-ours")
    owner.ask("PUT", f"{path}/forge", FORGE)
    assert b"s3cret-of-ours" not in owner.get(path).content + owner.get(f"{path}/forge").content


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"command": ["x"], "url": "https://x/"}, "bad_mcp_server"),
        ({"url": "https://x/", "headers": {"Authorization": "Bearer in-the-clear"}}, "bad_mcp_server"),
        ({"comand": ["x"]}, "invalid"),
        ({"command": "x"}, "invalid"),
        ({"command": ["x"], "policy": "maybe"}, "invalid"),
    ],
)
def test_what_cannot_be_one_is_refused(owner: Api, path: str, body: Any, code: str) -> None:
    refused = owner.ask("PUT", f"{path}/x", body)
    assert refused.status_code in (400, 422)
    assert b"in-the-clear" not in refused.content
    assert not McpServer.objects.exists()
    assert code in (refused.json()["code"], "invalid")


def test_a_teammate_looks_and_an_outsider_finds_nothing(owner: Api, path: str, people: People) -> None:
    owner.ask("PUT", f"{path}/forge", FORGE)
    teammate, outsider = Api(people.teammate), Api(people.outsider)
    assert teammate.get(path).json()["count"] == 1
    for who, status in ((teammate, 403), (outsider, 404)):
        assert who.ask("PUT", f"{path}/forge", FORGE).status_code == status
        assert who.ask("DELETE", f"{path}/forge").status_code == status
    assert outsider.get(path).status_code == 404


def test_an_operator_sets_one_in_admin_under_the_same_rules(people: People) -> None:
    people.owner.is_staff = people.owner.is_superuser = True
    people.owner.save()
    client = Client()
    client.force_login(people.owner)
    form = {"project": people.project.pk, "name": "time", "command": '["server"]', "policy": "allow", "timeout_s": 5}
    form |= {"env": "{}", "url": "", "headers": "{}", "tools": "{}", "enabled": "on"}
    add = reverse("admin:projects_mcpserver_add")
    assert client.post(add, form | {"url": "https://x/"}).status_code == 200
    assert not McpServer.objects.exists()
    assert client.post(add, form).status_code == 302
    made = McpServer.objects.get()
    assert (made.command, made.policy, made.timeout_s, made.enabled) == (["server"], "allow", 5, True)
    change = reverse("admin:projects_mcpserver_change", args=[made.pk])
    assert client.post(change, {**form, "policy": "deny", "enabled": ""}).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.policy, made.enabled) == ("time", "deny", False)


def test_a_server_is_asked_now_what_it_offers_under_which_rules(
    owner: Api, path: str, people: People, settings: Any
) -> None:
    put_secret(people.project, "TOKEN", "s3cret-of-ours")
    with echo() as (place, seen):
        settings.MCP_HOSTS = [place]
        body = {**FORGE, "url": f"http://{place}/mcp", "tools": {"look": "allow"}, "planning": ["go"]}
        owner.ask("PUT", f"{path}/forge", body)
        looked = Api(people.teammate).post(f"{path}/forge/check").json()
    assert set(seen) == {"Bearer s3cret-of-ours"}
    assert (looked["ok"], looked["message"]) == (True, "It answers, and offers 2 tools.")
    assert [(one["name"], one["reads_only"], one["policy"], one["planning"]) for one in looked["tools"]] == [
        ("go", False, "gate", True),
        ("look", True, "allow", True),
    ]


@pytest.mark.parametrize(
    ("body", "ok", "message"),
    [
        ({"command": ["server"]}, None, "No worker has answered"),
        ({"url": "https://127.0.0.1:1/"}, False, "127.0.0.1"),
        (FORGE, False, "has no secret TOKEN"),
    ],
)
def test_what_cannot_be_asked_says_why(owner: Api, path: str, body: Any, ok: bool | None, message: str) -> None:
    owner.ask("PUT", f"{path}/x", body)
    looked = owner.post(f"{path}/x/check").json()
    assert (looked["ok"], looked["tools"]) == (ok, [])
    assert message in looked["message"]


def test_who_may_ask_a_server(owner: Api, viewer: Api, outsider: Api, path: str) -> None:
    owner.ask("PUT", f"{path}/x", {"command": ["server"]})
    assert viewer.post(f"{path}/x/check").status_code == 403
    assert outsider.post(f"{path}/x/check").status_code == 404
