"""Starting a run from the page: text, file, sample; what is wrong with it, at its line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from apps.accounts.models import Membership, Role
from apps.dashboard.reads.samples import samples
from apps.projects.models import Project
from apps.runs.models import Run
from apps.runs.services import dispatch
from apps.specs.models import SpecVersion
from tests.conftest import People
from tests.stories.runs import BLOG
from tests.unit.apps.dashboard.conftest import Visit

WRONG = BLOG.replace("title: Create blog website", "titel: Create blog website")


@pytest.fixture(autouse=True)
def no_broker() -> Iterator[None]:
    with mock.patch.object(dispatch, "send"):
        yield


def post(visit: Visit, people: People, **data: object) -> HttpResponse:
    return visit(people.teammate).post("/runs/new/", data)


def test_a_spec_becomes_a_run_of_its_author(people: People, visit: Visit) -> None:
    answer = post(visit, people, spec=BLOG, project="site")
    run = Run.objects.get()
    assert answer["Location"] == f"/runs/{run.pk}/"
    assert (run.project, run.title, run.created_by) == (people.project, "Create blog website", people.teammate)


def test_without_a_project_its_id_names_one(people: People, visit: Visit) -> None:
    post(visit, people, spec=BLOG)
    assert Run.objects.get().project.slug == "blog"


def test_the_same_text_twice_is_two_runs_of_one_version(people: People, visit: Visit) -> None:
    for _ in range(2):
        post(visit, people, spec=BLOG.replace("\n", "\r\n"))
    assert (Run.objects.count(), SpecVersion.objects.count(), Project.objects.filter(slug="blog").count()) == (2, 1, 1)


def test_a_file_counts_as_the_text(people: People, visit: Visit) -> None:
    post(visit, people, file=SimpleUploadedFile("spec.yaml", BLOG.encode()), spec="ignored")
    assert Run.objects.get().title == "Create blog website"


def test_what_is_wrong_is_shown_at_its_line_and_nothing_is_made(people: People, visit: Visit) -> None:
    answer = post(visit, people, spec=WRONG)
    page = answer.content.decode()
    assert (answer.status_code, Run.objects.count(), Project.objects.filter(slug="blog").count()) == (422, 0, 0)
    assert 'data-go-to-line="2"' in page
    assert "titel: Create blog website" in page
    assert "<textarea" in page


def test_only_checking_starts_nothing(people: People, visit: Visit) -> None:
    answer = post(visit, people, spec=BLOG, check="1")
    assert (answer.status_code, Run.objects.count()) == (200, 0)
    assert "It is a valid spec" in answer.content.decode()


def test_while_typing_the_problems_alone_come(people: People, visit: Visit) -> None:
    page = visit(people.owner).post("/runs/new/check/", {"spec": WRONG}).content.decode()
    assert page.startswith('<div id="problems"')
    assert "data-problem-line" in page


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (b"\x00\xff\xfe\x01" * 100, "problem"),
        (b"a: &a [x]\n" + b"b: *a\n" * 3, "problem"),
        (b"x" * (2 * 1024 * 1024), "2,097,152"),
        (b"", "Write a spec"),
    ],
)
def test_junk_is_refused_with_what_is_wrong_with_it(people: People, visit: Visit, upload: bytes, words: str) -> None:
    answer = post(visit, people, file=SimpleUploadedFile("spec.yaml", upload))
    assert (answer.status_code, Run.objects.count()) == (422, 0)
    assert words in answer.content.decode()


def test_a_project_that_cannot_be_named_so_is_said(people: People, visit: Visit) -> None:
    answer = post(visit, people, spec=BLOG, project="No Slug!")
    assert (answer.status_code, Run.objects.count(), SpecVersion.objects.count()) == (422, 0, 0)
    assert "cannot name a project" in answer.content.decode()


def test_it_starts_in_the_organisation_that_was_chosen_among_ones_own(people: People, visit: Visit) -> None:
    theirs = people.foreign_project.organisation
    Membership.objects.create(organisation=theirs, user=people.teammate, role=Role.MEMBER)
    post(visit, people, spec=BLOG, organisation=str(theirs.pk))
    assert Run.objects.get().project.organisation == theirs


def test_and_never_in_one_that_is_not_ones_own(people: People, visit: Visit) -> None:
    post(visit, people, spec=BLOG, organisation=str(people.foreign_project.organisation_id))
    assert Run.objects.get().project.organisation == people.project.organisation


def test_somebody_who_may_only_look_in_one_starts_in_the_other(people: People, visit: Visit) -> None:
    theirs = people.foreign_project.organisation
    Membership.objects.create(organisation=theirs, user=people.viewer, role=Role.OWNER)
    visit(people.viewer).post("/runs/new/", {"spec": BLOG, "organisation": people.project.organisation_id})
    assert Run.objects.get().project.organisation == theirs


@pytest.mark.parametrize("name", ["create-blog", "diamond"])
def test_a_sample_is_in_the_form_to_begin_with(people: People, visit: Visit, name: str) -> None:
    page = visit(people.owner).get(f"/runs/new/?sample={name}").content.decode()
    assert samples()[name].text.splitlines()[-1].strip() in page


def test_the_spec_of_an_earlier_run_can_be_edited(people: People, visit: Visit) -> None:
    post(visit, people, spec=BLOG, project="site")
    version = SpecVersion.objects.get()
    assert "Create blog website" in visit(people.owner).get(f"/runs/new/?version={version.pk}").content.decode()
    assert visit(people.outsider).get(f"/runs/new/?version={version.pk}").status_code == 404


def tell(visit: Visit, people: People, **data: str) -> HttpResponse:
    return visit(people.teammate).post("/runs/new/story/", data)


def test_a_story_becomes_a_run_of_its_author(people: People, visit: Visit, settings: Any) -> None:
    settings.MODELS = {"": ["openai/gpt"]}
    answer = tell(visit, people, story=" A page about bees. ", unattended="on")
    run = Run.objects.get()
    assert answer["Location"] == f"/runs/{run.pk}/"
    assert (run.story, run.unattended, run.workflow) == ("A page about bees.", True, "story")
    assert (run.created_by, run.project.slug) == (people.teammate, "a-page-about-bees")
    page = visit(people.viewer).get(f"/runs/{run.pk}/").content.decode()
    assert "A page about bees." in page
    assert "Spec" in page


def test_without_a_model_the_form_says_what_to_set_and_keeps_the_story(
    people: People, visit: Visit, settings: Any
) -> None:
    settings.MODELS = {}
    answer = tell(visit, people, story="A page about bees.")
    assert answer.status_code == 422
    assert "Set HIVE_MODEL" in answer.content.decode()
    assert ">A page about bees.</textarea>" in answer.content.decode()
    assert not Run.objects.exists()


def test_an_empty_story_is_no_story(people: People, visit: Visit) -> None:
    assert "Say in a sentence or two" in tell(visit, people, story=" ").content.decode()
