"""POST /runs: what it takes, and what it says of what it does not take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import override_settings

from apps.accounts.models import Membership, Organisation, Role
from apps.projects.models import Project
from apps.runs.models import Run
from apps.specs.models import SpecVersion
from tests.conftest import People
from tests.unit.apps.api.conftest import SPEC, Api, Things

OBJECT = {"id": "task-001", "title": "A site", "tests": [{"run": "./run-tests.sh"}]}


def refused(response: Any, code: str, status: int = 422) -> dict[str, Any]:
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert not Run.objects.exists()
    return response.json()


def test_a_spec_as_text_becomes_a_run(owner: Api) -> None:
    response = owner.post("/runs", {"spec": SPEC})
    run = Run.objects.get()
    assert response.status_code == 201
    assert response["Location"] == response.json()["url"] == f"http://testserver/api/v1/runs/{run.pk}"
    assert {"id": run.pk, "status": "queued"}.items() <= response.json().items()
    assert (run.spec_version.text, run.created_by.username) == (SPEC, "owner")  # type: ignore[union-attr]


def test_a_spec_as_an_object_becomes_a_run(owner: Api) -> None:
    assert owner.post("/runs", {"spec": OBJECT}).status_code == 201
    assert Run.objects.get().title == "A site"


def test_the_same_text_twice_is_one_version_and_two_runs(owner: Api) -> None:
    for _ in range(2):
        owner.post("/runs", {"spec": SPEC})
    assert (Run.objects.count(), SpecVersion.objects.count()) == (2, 1)


def test_a_stored_spec_is_run_in_its_newest_version(owner: Api, things: Things) -> None:
    response = owner.post("/runs", {"spec_id": things.version.spec_id})
    assert Run.objects.get(pk=response.json()["id"]).spec_version == things.version


def test_somebody_elses_spec_does_not_exist(outsider: Api, things: Things) -> None:
    response = outsider.post("/runs", {"spec_id": things.version.spec_id})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("sent", "slug"),
    [
        ({}, "task-001"),
        ({"project": "mine"}, "mine"),
        ({"spec": {**OBJECT, "project": "named"}}, "named"),
        ({"project": "site"}, "site"),
    ],
)
def test_the_project_is_the_named_one_else_the_specs_else_its_id(owner: Api, sent: dict[str, Any], slug: str) -> None:
    response = owner.post("/runs", {"spec": OBJECT, **sent})
    assert response.json()["project"] == slug
    assert Run.objects.get().project.organisation.slug == "ours"


def test_everything_that_is_wrong_with_a_spec_is_told_with_its_place(owner: Api) -> None:
    said = refused(owner.post("/runs", {"spec": "id: x\ntitel: y\n"}), "invalid_spec")
    found = {(one["line"], one["path"], one["code"]) for one in said["problems"]}
    assert {(2, "titel", "unknown_key"), (1, "title", "missing"), (1, "tests", "missing")} <= found
    assert all(set(one) == {"line", "column", "path", "code", "message", "hint"} for one in said["problems"])


@pytest.mark.parametrize(
    "spec", ["", "- a list", "\x00\x01\x02", "a: &x [1]\nb: *x", "x" * 2_000_000, {"a": {"b": [1]}}, {}]
)
def test_junk_is_refused_with_its_problems(owner: Api, spec: Any) -> None:
    assert refused(owner.post("/runs", {"spec": spec}), "invalid_spec")["problems"]


@pytest.mark.parametrize("spec", [None, 3, True, ["id: x"]])
def test_what_cannot_be_a_spec_is_refused(owner: Api, spec: Any) -> None:
    said = refused(owner.post("/runs", {"spec": spec}), "invalid")
    assert said["problems"][0]["path"] == "spec"


def test_a_story_without_a_model_says_what_to_set(owner: Api) -> None:
    said = refused(owner.post("/runs", {"story": "A site about bees."}), "model_not_configured")
    assert said["settings"] == ["HIVE_MODEL", "HIVE_MODEL_API_KEY", "HIVE_MODEL_API_BASE"]
    assert all(name in said["detail"] for name in said["settings"])


BEES = {"story": "A site about bees.", "unattended": True, "budget": {"usd": 0.5, "calls": 9, "time": "1h"}}


@override_settings(MODELS={"": ["openai/gpt"]})
def test_a_story_begins_with_the_manager_and_waits_for_its_spec(owner: Api) -> None:
    shown = owner.post("/runs", BEES).json()
    assert (shown["workflow"], shown["title"], shown["project"]) == ("story", BEES["story"], "a-site-about-bees")
    assert (shown["spec"], shown["engine"], shown["unattended"]) == (None, "", True)
    assert shown["budget"] == {"usd": 0.5, "calls": 9, "time": 3600.0}
    run = Run.objects.get()
    assert (run.story, run.jobs.get().step) == (BEES["story"], "manager.specify")


@override_settings(MODELS={"manager": ["openai/gpt"]})
def test_who_is_to_write_the_code_needs_a_model_too(owner: Api) -> None:
    refused(owner.post("/runs", BEES), "model_not_configured")
    assert owner.post("/runs", {**BEES, "engine": "template"}).json()["engine"] == "template"


@override_settings(MODELS={"": ["openai/gpt"]})
@pytest.mark.parametrize(
    ("budget", "path"),
    [
        ({"usd": -1}, "budget.usd"),
        ({"calls": 1.5}, "budget.calls"),
        ({"dollars": 1}, "budget.dollars"),
        ({"time": "soon"}, "budget.time"),
        (5, "budget"),
    ],
)
def test_a_budget_that_is_none_is_refused(owner: Api, budget: Any, path: str) -> None:
    told = refused(owner.post("/runs", {**BEES, "budget": budget}), "invalid")["problems"][0]
    assert told["path"] == path


@pytest.mark.parametrize("sent", [{"engine": "model"}, {"spec": {**OBJECT, "engine": "model"}}])
def test_the_engine_model_without_a_model_is_refused_and_nothing_is_kept(owner: Api, sent: dict[str, Any]) -> None:
    refused(owner.post("/runs", {"spec": OBJECT, **sent}), "model_not_configured")
    assert not SpecVersion.objects.exists()
    assert not Project.objects.filter(slug="task-001").exists()


def test_an_engine_that_is_named_stands_over_the_specs(owner: Api) -> None:
    sent = {"spec": {**OBJECT, "engine": "model"}, "engine": "template"}
    assert owner.post("/runs", sent).json()["engine"] == "template"


@pytest.mark.parametrize(
    ("sent", "path", "says"),
    [
        ({"spec": SPEC, "engine": "magic"}, "engine", "Known: template, model, opencode"),
        ({"spec": SPEC, "workflow": "magic"}, "workflow", "Known: build, story, noop"),
        ({"spec": SPEC, "proyect": "x"}, "proyect", "Did you mean project?"),
        ({"spec": SPEC, "project": "Not A Slug"}, "project", "lower-case letters"),
        ({"spec": SPEC, "project": 7}, "project", "Use a string"),
        ({"spec_id": "7"}, "spec_id", "Use a whole number"),
        ({"spec": SPEC, "story": "x"}, "", "Got spec and story"),
        ({}, "", "Got none of them"),
        ({"workflow": "noop", "spec": SPEC}, "spec", "noop takes no spec"),
        ({"workflow": "story", "spec": SPEC}, "spec", "story takes no spec"),
        ({"workflow": "story"}, "", "Got none of them"),
        ({"story": "  "}, "story", "blank"),
        ({"spec": SPEC, "branch": "../main"}, "branch", "cannot name a branch"),
        ({"spec": SPEC, "branch": "nowhere"}, "branch", "no branch"),
        ({"workflow": "noop", "branch": "main"}, "branch", "begins on no branch"),
    ],
)
def test_what_is_wrong_with_a_request_is_told(owner: Api, sent: dict[str, Any], path: str, says: str) -> None:
    told = refused(owner.post("/runs", sent), "invalid")["problems"][0]
    assert told["path"] == path
    assert says in told["message"]


def test_the_branch_on_which_it_begins_is_kept(owner: Api, coded: object) -> None:
    shown = owner.post("/runs", {"spec": SPEC, "project": "site", "branch": "work"}).json()
    assert (shown["from_branch"], Run.objects.get(pk=shown["id"]).from_branch) == ("work", "work")


def test_noop_needs_no_spec(owner: Api) -> None:
    shown = owner.post("/runs", {"workflow": "noop"}).json()
    assert (shown["workflow"], shown["project"]) == ("noop", "noop")


def test_who_belongs_to_several_says_where_a_new_project_goes(owner: Api, people: People) -> None:
    Membership.objects.create(
        organisation=Organisation.objects.create(name="More", slug="more"), user=people.owner, role=Role.MEMBER
    )
    told = refused(owner.post("/runs", {"workflow": "noop"}), "invalid")["problems"][0]
    assert (told["path"], "several organisations" in told["message"]) == ("organisation", True)
    owner.post("/runs", {"workflow": "noop", "organisation": "more"})
    assert Run.objects.get().project.organisation.slug == "more"


def test_an_organisation_that_is_not_ones_own_is_refused(owner: Api) -> None:
    told = refused(owner.post("/runs", {"workflow": "noop", "organisation": "theirs"}), "invalid")["problems"][0]
    assert "Yours: ours" in told["message"]


def test_a_key_starts_runs_in_its_own_organisation(people: People, with_key: Callable[..., Api]) -> None:
    key = with_key()
    Membership.objects.create(
        organisation=Organisation.objects.create(name="More", slug="more"), user=people.owner, role=Role.OWNER
    )
    assert key.post("/runs", {"workflow": "noop"}).status_code == 201
    assert Run.objects.get().project.organisation.slug == "ours"


def test_a_key_of_one_project_makes_no_other(people: People, with_key: Callable[..., Api]) -> None:
    key = with_key(project_id=people.project.pk)
    refused(key.post("/runs", {"workflow": "noop"}), "permission_denied", 403)
    assert key.post("/runs", {"workflow": "noop", "project": "site"}).status_code == 201


def test_the_engine_commands_is_refused_where_a_task_has_none(owner: Api) -> None:
    told = refused(owner.post("/runs", {"spec": OBJECT, "engine": "commands"}), "commands_missing")
    assert "the task task-001 lists none" in told["detail"]
    listed = {**OBJECT, "commands": ["make generated"]}
    assert owner.post("/runs", {"spec": listed, "engine": "commands"}).status_code == 201


@override_settings(MODELS={"": ["openai/gpt"]})
def test_a_story_has_no_commands(owner: Api) -> None:
    told = refused(owner.post("/runs", {**BEES, "engine": "commands"}), "commands_missing")
    assert "a model writes its spec" in told["detail"]


@pytest.mark.parametrize("engine", ["template", "model", "opencode"])
@override_settings(MODELS={"": ["openai/gpt"]})
def test_code_of_other_engines_is_not_sent_to_agents_and_the_one_that_can_is_named(owner: Api, engine: str) -> None:
    told = refused(
        owner.post("/runs", {"spec": {**OBJECT, "engine": engine}, "runs_on": {"coding": ["gpu"]}}), "invalid"
    )
    assert told["detail"].startswith(
        f"runs_on.coding: the engine `{engine}` writes no code on agents; the engine `comm"
    )
    listed = {"spec": {**OBJECT, "commands": ["make"]}, "runs_on": {"coding": ["gpu"]}}
    assert owner.post("/runs", listed).status_code == 201
    assert Run.objects.get().runs_on == {"coding": ["gpu"]}
