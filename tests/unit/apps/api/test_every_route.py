"""Everybody at every address: a route without a row in this table fails, and so does a row without a route."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from apps.accounts.keys import ORDINARY
from apps.accounts.models import Role
from apps.api.urls import v1
from apps.memory.services import Author, remember
from apps.projects.models import Project
from apps.runs.models import Run
from tests.conftest import People
from tests.unit.apps.api.agents.routes import AGENT_ROUTES
from tests.unit.apps.api.conftest import CHECKOUT, README, Api, Things
from tests.unit.apps.api.table import INSTALLATION, LINK, LIST, MAKES, OURS, SHARED, TABLE

# These need the run, or leave it, in another state than the rest.
AFTER_THE_END = ("POST run-retry", "PUT run-file", "DELETE run-file")
WITHOUT_ORIGIN = ("POST project-upload",)


def routes() -> set[str]:
    found = set()
    for route in v1:
        view: Any = route.callback.cls  # type: ignore[union-attr]
        found |= {
            f"{name} {route.name}" for name in ("GET", "POST", "PUT", "PATCH", "DELETE") if hasattr(view, name.lower())
        }
    return found


def test_the_table_has_every_route() -> None:
    assert routes() == set(TABLE) | AGENT_ROUTES


@dataclass(frozen=True)
class Asker:
    """Asks for any row of the table, about our things."""

    things: Things

    def ask(self, api: Api, name: str) -> Any:
        method, _, route = name.partition(" ")
        row = TABLE[name]
        if name in WITHOUT_ORIGIN:
            Project.objects.update(origin_url="")
        seen = {"If-Match": f'"{README}"'} if method == "DELETE" else {"If-None-Match": "*"}
        headers = seen if route.endswith("-file") and method != "GET" else {}
        response = api.ask(method, self._path(route) + row.query, row.body, headers=headers)
        if response.streaming:
            response.close()
        return response

    def _path(self, route: str) -> str:
        run, version = self.things.run.pk, self.things.version
        values = {
            "pk": run,
            "artifact_id": self.things.artifact.pk,
            "number": version.number,
            "name": "noop",
            "role": "coding",
            "note_id": remember(self.things.run.project, "The port is 8080.", Author()).pk,
        }
        for prefix, pk in (
            ("ci-job", self.things.ci.pk),
            ("gate", self.things.gate.pk),
            ("job", self.things.job.pk),
            ("admin-job", self.things.job.pk),
            ("spec", version.spec_id),
            ("project", self.things.run.project_id),
            ("checkout", CHECKOUT),
        ):
            if route.startswith(prefix):
                values["pk"] = pk
        pattern = next(str(one.pattern) for one in v1 if one.name == route)
        for name, value in values.items():
            pattern = pattern.replace(f"<int:{name}>", str(value)).replace(f"<str:{name}>", str(value))
            pattern = pattern.replace(f"<slug:{name}>", str(value))
        return f"/{pattern}"


@pytest.fixture
def asker(things: Things, request: pytest.FixtureRequest) -> Asker:
    if getattr(request, "param", "") in AFTER_THE_END:
        type(things.run).objects.filter(pk=things.run.pk).update(status="failed")
    return Asker(things)


ABOUT_PEOPLE = sorted(name for name, row in TABLE.items() if row.about not in (LINK, INSTALLATION))
FOR_OPERATORS = sorted(name for name, row in TABLE.items() if row.about == INSTALLATION)
each_row = pytest.mark.parametrize(("asker", "name"), [(name, name) for name in ABOUT_PEOPLE], indirect=["asker"])


@pytest.mark.parametrize("name", FOR_OPERATORS)
def test_what_concerns_the_installation_is_for_operators(
    asker: Asker, people: People, with_key: Any, name: str
) -> None:
    for user in (people.owner, people.teammate, people.viewer, people.outsider):
        response = asker.ask(Api(user), name)
        assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert asker.ask(Api(), name).status_code == 401
    assert asker.ask(with_key(), name).json()["code"] == "scope_missing"
    assert Run.objects.get(pk=asker.things.run.pk).stop_reason == ""


@each_row
def test_the_owner_may(asker: Asker, owner: Api, name: str) -> None:
    assert asker.ask(owner, name).status_code == TABLE[name].ok


@each_row
def test_a_teammate_may_but_not_what_is_for_owners(asker: Asker, people: People, name: str) -> None:
    ok = 403 if TABLE[name].owners else TABLE[name].ok
    assert asker.ask(Api(people.teammate), name).status_code == ok


@each_row
def test_a_viewer_may_look_and_not_change(asker: Asker, viewer: Api, name: str) -> None:
    changes = not name.startswith("GET") and TABLE[name].about != SHARED
    response = asker.ask(viewer, name)
    assert response.status_code == (403 if changes else TABLE[name].ok)
    assert not changes or response.json()["code"] == "permission_denied"


@each_row
def test_for_an_outsider_nothing_of_ours_exists(asker: Asker, outsider: Api, name: str) -> None:
    response = asker.ask(outsider, name)
    if TABLE[name].about == OURS:
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    else:
        assert response.status_code == TABLE[name].ok
    if TABLE[name].about == LIST:
        assert not [one for one in response.json()["results"] if one.get("organisation") != "theirs"]


@each_row
def test_nobody_is_told_to_sign_in(asker: Asker, name: str) -> None:
    response = asker.ask(Api(), name)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Api-Key"


@each_row
def test_a_key_without_the_scope_may_not(asker: Asker, with_key: Callable[..., Api], name: str) -> None:
    scope = TABLE[name].scope
    response = asker.ask(with_key(scopes=[one for one in ORDINARY if one not in (scope, TABLE[name].or_scope)]), name)
    if scope:
        assert (response.status_code, response.json()["code"]) == (403, "scope_missing")
    else:
        assert response.status_code == TABLE[name].ok


@each_row
def test_a_key_with_just_the_scope_may(asker: Asker, with_key: Callable[..., Api], name: str) -> None:
    scopes = [TABLE[name].scope] if TABLE[name].scope else []
    assert asker.ask(with_key(scopes=scopes), name).status_code == TABLE[name].ok


@each_row
def test_for_a_key_of_another_project_nothing_of_this_one_exists(
    asker: Asker, people: People, with_key: Callable[..., Api], name: str
) -> None:
    other = Project.objects.create(organisation=people.project.organisation, slug="second", name="Second")
    response = asker.ask(with_key(project_id=other.pk), name)
    if TABLE[name].about == OURS:
        assert response.status_code == 404
    elif TABLE[name].about == MAKES:
        assert response.status_code == 403
    elif name == "GET projects":
        assert [one["slug"] for one in response.json()["results"]] == ["second"]
    elif TABLE[name].about == LIST:
        assert response.json()["results"] == []


@each_row
def test_a_member_who_was_removed_finds_nothing(asker: Asker, people: People, owner: Api, name: str) -> None:
    people.owner.memberships.filter(role=Role.OWNER).delete()
    response = asker.ask(owner, name)
    expected = {OURS: 404, MAKES: 422, LIST: 200, SHARED: 200}[TABLE[name].about]
    assert response.status_code == expected
    if TABLE[name].about == LIST:
        assert response.json() == {"count": 0, "next": None, "previous": None, "results": []}
