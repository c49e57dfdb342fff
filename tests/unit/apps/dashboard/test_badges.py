"""Badges: made by owners, seen by whoever has the address, and silent about everything else."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.ci.models import Submission
from apps.dashboard.reads.badge import LOOKED_AT
from apps.projects.models import Project
from apps.projects.services import hide_badge, show_badge
from apps.runs.models import Run
from tests.conftest import People
from tests.unit.apps.dashboard.conftest import Visit


@pytest.fixture
def address(people: People) -> str:
    """Of the badge without its last part."""
    show_badge(people.project)
    people.project.refresh_from_db()
    return f"/badges/{people.project.badge_token}"


def make(people: People, status: str, workflow: str = "ci", ref: str = "", **values: object) -> Run:
    run = Run.objects.create(project=people.project, title="Secret title", workflow=workflow, status=status, **values)
    if ref:
        Submission.objects.create(run=run, text="commands: [make]", source={"ref": ref})
    return run


def word(address: str, of: str = "ci", ref: str = "") -> str:
    answer = Client().get(f"{address}/{of}/badge.svg", {"ref": ref} if ref else {})
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    return ElementTree.fromstring(answer.content).attrib["aria-label"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("completed", "passed"),
        ("failed", "failed"),
        ("running", "running"),
        ("queued", "queued"),
        ("canceled", "canceled"),
    ],
)
def test_it_says_how_the_newest_one_ended(people: People, address: str, status: str, said: str) -> None:
    assert word(address) == "CI: no run"
    make(people, "failed")
    make(people, status)
    assert word(address) == f"CI: {said}"


def test_runs_and_pipelines_have_one_each(people: People, address: str) -> None:
    make(people, "completed", "build")
    make(people, "failed")
    for workflow in ("push", "noop"):
        make(people, "failed", workflow)
    make(people, "failed", "build", cause="delegated")
    assert (word(address, "run"), word(address, "ci")) == ("hive: passed", "CI: failed")


def test_a_pipeline_is_chosen_by_its_ref(people: People, address: str) -> None:
    make(people, "completed", ref="refs/heads/main")
    make(people, "failed", ref="refs/heads/try")
    make(people, "running")
    assert word(address, ref="main") == word(address, ref="refs/heads/main") == "CI: passed"
    assert (word(address, ref="try"), word(address, ref="ma")) == ("CI: failed", "CI: no run")


def test_nothing_else_is_told_and_no_session_is_looked_at(people: People, address: str) -> None:
    make(people, "failed", message="Secret message")
    answer = Client().get(f"{address}/ci/badge.svg")
    assert not re.search(b"secret|site|ours", answer.content, re.IGNORECASE)
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")


def test_a_cache_asks_again_and_is_told_that_nothing_has_changed(people: People, address: str) -> None:
    path, run = f"{address}/ci/badge.svg", make(people, "running")
    first = Client().get(path)
    assert first["Cache-Control"] == "public, max-age=30"
    same = Client().get(path, headers={"If-None-Match": first["ETag"]})
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", first["ETag"])
    Run.objects.filter(pk=run.pk).update(status="failed")
    assert Client().get(path, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_it_costs_the_same_however_many_runs_there_are(people: People, address: str) -> None:
    rows = [Run(project=people.project, title="x", workflow="noop", status="failed") for _ in range(LOOKED_AT)]
    make(people, "completed", "build")
    Run.objects.bulk_create(rows[1:])
    with CaptureQueriesContext(connection) as queries:
        assert word(address, "run") == "hive: passed"
    assert len(queries) == 2
    Run.objects.bulk_create(rows[:1])
    assert word(address, "run") == "hive: no run"


@pytest.mark.parametrize("path", ["/badges//ci/badge.svg", "/badges/x/ci/badge.svg", "/badges/{}/all/badge.svg"])
def test_an_address_that_nobody_made_is_not_there(people: People, address: str, path: str) -> None:
    token = address.rpartition("/")[2]
    assert Client().get(path.format(token)).status_code == 404
    assert Client().post(f"{address}/ci/badge.svg").status_code == 405


def test_a_badge_is_made_once_and_its_address_never_comes_back(people: People, address: str) -> None:
    assert not show_badge(people.project)
    assert hide_badge(people.project)
    assert not hide_badge(people.project)
    assert Client().get(f"{address}/ci/badge.svg").status_code == 404
    assert show_badge(people.project)
    assert Client().get(f"{address}/ci/badge.svg").status_code == 404


def test_an_owner_makes_it_and_members_copy_its_address(people: People, visit: Visit) -> None:
    path = f"/projects/{people.project.pk}/"
    assert "Make a badge" not in visit(people.teammate).get(path).content.decode()
    assert "Make a badge" in visit(people.owner).get(path).content.decode()
    visit(people.owner).post(f"{path}badge/")
    token = Project.objects.get(pk=people.project.pk).badge_token
    page = visit(people.teammate).get(path).content.decode()
    assert f"![CI](http://testserver/badges/{token}/ci/badge.svg)" in page
    assert "Take it away" not in page
    visit(people.owner).post(f"{path}badge/hide/")
    assert Project.objects.get(pk=people.project.pk).badge_token == ""
