"""`hive token create`: for whom, for which project, with which scopes; in real rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from apps.accounts.keys import ORDINARY, SCOPES, find_key
from apps.accounts.models import ApiKey
from apps.projects.models import Project
from hive.cli.main import main
from tests.conftest import People


@pytest.fixture(autouse=True)
def _operator(people: People) -> None:
    people.owner.is_superuser = True
    people.owner.save()


def made(capsys: pytest.CaptureFixture[str], *options: str) -> ApiKey:
    assert main(["token", "create", "--json", *options]) == 0
    found = find_key(json.loads(capsys.readouterr().out)["key"])
    assert found is not None
    return found


def refused(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["token", "create", *options]) == 2
    shown = capsys.readouterr()
    assert (shown.out, ApiKey.objects.count()) == ("", 0)
    return shown.err


def test_a_key_is_the_operators_and_may_everything_unless_something_else_is_said(capsys: Any, people: People) -> None:
    key = made(capsys)
    assert (key.user, key.project_id, tuple(key.scopes)) == (people.owner, None, SCOPES)


def test_a_key_for_a_project_is_bound_to_it_and_may_nothing_to_the_installation(capsys: Any, people: People) -> None:
    key = made(capsys, "--project", "site")
    assert (key.project_id, key.organisation) == (people.project.pk, people.project.organisation)
    assert tuple(key.scopes) == ORDINARY


def test_scopes_are_repeated_or_joined_by_commas(capsys: Any) -> None:
    key = made(capsys, "--project", "ours/site", "--scope", "jobs:create", "--scopes", "jobs:read,jobs:cancel")
    assert key.scopes == ["jobs:create", "jobs:read", "jobs:cancel"]


def test_a_key_for_a_project_opens_no_other(capsys: Any, people: People, client: Any) -> None:
    other = Project.objects.create(organisation=people.project.organisation, slug="more", name="More")
    assert main(["token", "create", "--json", "--project", "site", "--user", "teammate"]) == 0
    headers = {"Authorization": f"Api-Key {json.loads(capsys.readouterr().out)['key']}"}
    answers = [
        client.get(f"/api/v1/projects/{pk}", headers=headers).status_code for pk in (people.project.pk, other.pk)
    ]
    assert answers == [200, 404]


@pytest.mark.parametrize("options", [("--user", "outsider", "--project", "site"), ("--project", "nothing")])
def test_a_project_that_its_person_does_not_see_is_refused(capsys: Any, options: tuple[str, ...]) -> None:
    assert "sees no project" in refused(capsys, *options)


def test_of_two_projects_with_one_name_the_organisation_says_which(capsys: Any, people: People) -> None:
    Project.objects.create(organisation=people.foreign_project.organisation, slug="site", name="Site")
    people.owner.organisations.add(people.foreign_project.organisation)
    assert "write --project" in refused(capsys, "--project", "site")
    assert made(capsys, "--project", "ours/site").project_id == people.project.pk


def test_an_unknown_scope_or_person_is_a_sentence(capsys: Any) -> None:
    assert "Unknown scopes: jobs:own" in refused(capsys, "--scope", "jobs:own")
    assert "no active user 'nobody'" in refused(capsys, "--user", "nobody")
