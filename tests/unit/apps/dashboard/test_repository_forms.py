"""The forms of a project's page about its repository, filled in as the page offers them: the origin, and an upload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.projects.models import Project
from apps.projects.origin import Wanted, credential_of, set_origin
from apps.runs.models import Run
from hive.home import Home
from tests.archives import tar_of
from tests.conftest import People
from tests.unit.apps.dashboard.conftest import Visit
from tests.unit.apps.dashboard.markup import Page
from workers.places import repository_of

ORIGIN = "https://forge.example/team/site.git"
PASSWORD = "s3cret-Passw0rd"


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Home:
    settings.HOME = Home(tmp_path)
    return settings.HOME


def page_of(client: Client, project: Project) -> Page:
    return Page(client.get(f"/projects/{project.pk}/").content.decode())


def forms(page: Page, part: str) -> list[str]:
    """Where the forms go whose address has this part."""
    return [one.attributes["action"] for one in page.all("form") if f"/{part}/" in one.attributes.get("action", "")]


def upload_of(files: dict[str, bytes]) -> SimpleUploadedFile:
    return SimpleUploadedFile("site.tar.gz", tar_of(files, "gz"))


def test_the_owner_says_where_the_project_lies_and_it_is_fetched(people: People, visit: Visit) -> None:
    client = visit(people.owner)
    page = page_of(client, people.project)
    (address,) = forms(page, "origin")
    offered = {one.attributes.get("name") for one in page.all("input", "textarea", "select")}
    filled = {"url": ORIGIN, "user": "ci", "password": PASSWORD, "branch": "trunk", "push": "branch"}
    assert set(filled) <= offered
    answer = client.post(address, filled)
    run = Run.objects.get()
    assert (run.workflow, run.created_by, answer["Location"]) == ("fetch", people.owner, f"/runs/{run.pk}/")
    people.project.refresh_from_db()
    assert (people.project.origin_url, people.project.origin_branch) == (ORIGIN, "trunk")
    assert credential_of(people.project).secret == PASSWORD


def test_the_password_does_not_come_back_and_an_empty_one_leaves_it(people: People, visit: Visit) -> None:
    set_origin(people.project, Wanted(ORIGIN, "ci", PASSWORD))
    client = visit(people.owner)
    html = client.get(f"/projects/{people.project.pk}/").content.decode()
    assert ORIGIN in html
    assert PASSWORD not in html
    (address,) = forms(Page(html), "origin")
    client.post(address, {"url": ORIGIN, "user": "ci", "password": "", "branch": "next", "push": "branch"})
    people.project.refresh_from_db()
    assert (people.project.origin_branch, credential_of(people.project).secret) == ("next", PASSWORD)


def test_an_address_that_is_none_is_refused_with_a_sentence_and_changes_nothing(people: People, visit: Visit) -> None:
    client = visit(people.owner)
    (address,) = forms(page_of(client, people.project), "origin")
    html = client.post(address, {"url": "ext::sh%20-c%20id"}, follow=True).content.decode()
    assert "Use an address that begins with one of https://" in html
    people.project.refresh_from_db()
    assert (people.project.origin_url, Run.objects.count()) == ("", 0)


def test_a_teammate_uploads_files_and_they_are_a_commit(people: People, visit: Visit) -> None:
    client = visit(people.teammate)
    page = page_of(client, people.project)
    (address,) = forms(page, "upload")
    assert [one.attributes["name"] for one in page.all("input") if one.attributes.get("type") == "file"] == ["file"]
    html = client.post(address, {"file": upload_of({"site/index.html": b"<h1>Hi</h1>"})}, follow=True).content.decode()
    repository = repository_of(people.project)
    commit = repository.resolve(people.project.default_branch)
    assert repository.files(commit) == ["index.html"]
    assert f"is at {commit[:12]}" in html


def test_junk_and_nothing_are_refused_with_a_sentence(people: People, visit: Visit) -> None:
    client = visit(people.teammate)
    (address,) = forms(page_of(client, people.project), "upload")
    assert "Choose a file" in client.post(address, follow=True).content.decode()
    client.post(address, {"file": SimpleUploadedFile("x.zip", b"words")}, follow=True)
    repository = repository_of(people.project)
    assert repository.files(repository.resolve(people.project.default_branch)) == []


def test_an_upload_needs_a_link_of_this_project(people: People, visit: Visit) -> None:
    client = visit(people.teammate)
    other = Project.objects.create(organisation=people.project.organisation, slug="second", name="Second")
    (address,) = forms(page_of(client, other), "upload")
    swapped = address.replace(f"/projects/{other.pk}/", f"/projects/{people.project.pk}/")
    html = client.post(swapped, {"file": upload_of({"a": b"1"})}, follow=True).content.decode()
    assert "This link is another project" in html


def test_who_may_not_is_offered_neither_form(people: People, visit: Visit) -> None:
    page = page_of(visit(people.viewer), people.project)
    assert forms(page, "origin") + forms(page, "upload") == []
    assert forms(page_of(visit(people.teammate), people.project), "origin") == []
    assert visit(people.outsider).get(f"/projects/{people.project.pk}/").status_code == 404
