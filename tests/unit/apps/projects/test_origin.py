"""A project's origin: where it is, and a password that nobody but the worker gets to see."""

from __future__ import annotations

import pytest
from django.db import connection

from apps.projects.models import Project, Secret
from apps.projects.origin import (
    BadOrigin,
    Wanted,
    check_branch,
    credential_of,
    has_credential,
    note_fetched,
    set_origin,
)
from apps.projects.secrets import ORIGIN, SecretError, open_secrets, put_secret, values_to_mask
from tests.conftest import People

URL = "https://forge.example/team/site.git"


def test_a_pasted_address_is_taken_apart(people: People) -> None:
    project = set_origin(people.project, Wanted("https://ada:s3cret%2Fword@forge.example/team/site.git"))
    assert (project.origin_url, project.origin_user) == (URL, "ada")
    assert credential_of(project).secret == "s3cret/word"
    assert "s3cret" not in repr(credential_of(project))


def test_the_address_of_ssh_in_its_short_form(people: People) -> None:
    project = set_origin(people.project, Wanted("git@forge.example:team/site.git", password="KEY\nof lines\n"))
    assert (project.origin_url, project.origin_user) == ("ssh://forge.example/team/site.git", "git")


def test_the_password_is_not_in_the_rows_in_the_clear(people: People) -> None:
    set_origin(people.project, Wanted(URL, password="s3cret-Passw0rd"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM projects_project")
        projects = str(cursor.fetchall())
        cursor.execute("SELECT sealed FROM projects_secret")
        sealed = bytes(cursor.fetchone()[0])
    assert "s3cret-Passw0rd" not in projects
    assert b"s3cret-Passw0rd" not in sealed


def test_no_job_is_given_it_and_every_job_masks_it(people: People) -> None:
    set_origin(people.project, Wanted(URL, password="s3cret-Passw0rd"))
    with pytest.raises(SecretError, match="no job"):
        open_secrets(people.project, [ORIGIN])
    with pytest.raises(SecretError, match="together with the origin"):
        put_secret(people.project, ORIGIN, "x")
    assert values_to_mask(people.project) == ["s3cret-Passw0rd"]


def test_another_server_does_not_get_the_old_password(people: People) -> None:
    set_origin(people.project, Wanted(URL, password="s3cret-Passw0rd"))
    set_origin(people.project, Wanted("https://forge.example/team/other.git", push=Project.Push.DEFAULT))
    assert has_credential(people.project)
    set_origin(people.project, Wanted("https://forge.example:8443/team/other.git"))
    assert not has_credential(people.project)


def test_another_name_or_an_empty_password_takes_it_away(people: People) -> None:
    for wanted in (Wanted(URL, user="bob"), Wanted(URL, user="ada", password="")):
        set_origin(people.project, Wanted(URL, user="ada", password="s3cret"))
        set_origin(people.project, wanted)
        assert not Secret.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://forge.example/x",
        "ext::sh -c id",
        "--upload-pack=id",
        "https://",
        "https://forge.example",
        "https://-oProxy/x.git",
        "ssh://forge.example/-x",
        "https://forge.example/x y",
        "https://forge.example/x\ny",
        "https://forge.example/\0",
        "https://forge.example:port/x",
        "https://forge.example/x?a=b",
        "https://forge.example/x#main",
        "file://host/x",
        "https://forge.example/" + "x" * 500,
    ],
)
def test_what_is_no_address_is_refused(people: People, url: str) -> None:
    with pytest.raises(BadOrigin):
        set_origin(people.project, Wanted(url))
    assert not Project.objects.exclude(origin_url="").exists()


@pytest.mark.parametrize(
    "name", ["-x", "--upload-pack=id", "a..b", "a b", "a~1", "a^", "a:b", "a\0", "x.lock", "a//b", ""]
)
def test_what_git_would_not_take_for_a_branch_is_refused(name: str) -> None:
    with pytest.raises(BadOrigin):
        check_branch(name)


def test_the_names_of_branches_that_people_use_are_fine() -> None:
    for name in ("main", "fix/login-2", "release-1.0", "hive/run-12", "ünïcode"):
        assert check_branch(name) == name


def test_a_fetch_of_an_origin_that_was_changed_meanwhile_is_not_noted(people: People) -> None:
    project = set_origin(people.project, Wanted(URL))
    at = project.created_at
    note_fetched(project, "https://elsewhere.example/x.git", "trunk", at)
    assert Project.objects.get(pk=project.pk).origin_seen_at is None
    note_fetched(project, URL, "trunk", at)
    assert Project.objects.get(pk=project.pk).default_branch == "trunk"
