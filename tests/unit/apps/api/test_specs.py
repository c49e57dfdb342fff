"""Specs and projects: keep, look up, validate."""

from __future__ import annotations

from tests.unit.apps.api.conftest import SPEC, Api, Things


def test_a_new_text_is_the_next_version_and_a_known_one_is_what_it_was(owner: Api, things: Things) -> None:
    again = owner.post("/specs", {"spec": SPEC, "project": "site"})
    changed = owner.post("/specs", {"spec": SPEC.replace("A site", "Another"), "project": "site"})
    assert (again.status_code, again.json()["number"]) == (200, 1)
    assert (changed.status_code, changed.json()["number"]) == (201, 2)
    assert owner.get(f"/specs/{things.version.spec_id}").json()["latest"] == 2


def test_versions_are_listed_without_their_text_and_shown_with_it(owner: Api, things: Things) -> None:
    listed = owner.get(f"/specs/{things.version.spec_id}/versions").json()["results"][0]
    shown = owner.client.get(listed["url"]).json()
    assert "text" not in listed
    assert (shown["text"], shown["data"]["tasks"][0]["id"]) == (SPEC, "task-001")


def test_a_version_that_is_not_there_is_not_found(owner: Api, things: Things) -> None:
    assert owner.get(f"/specs/{things.version.spec_id}/versions/2").status_code == 404


def test_the_list_filters(owner: Api, things: Things) -> None:
    assert owner.get("/specs?project=site&key=task-001").json()["count"] == 1
    assert owner.get("/specs?key=other").json()["count"] == 0


def test_a_spec_with_problems_is_not_kept(owner: Api) -> None:
    response = owner.post("/specs", {"spec": "id: x"})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_spec")
    assert owner.get("/specs").json()["count"] == 0


def test_validating_says_what_is_wrong_or_what_it_means_and_keeps_nothing(owner: Api) -> None:
    good = owner.post("/specs/validate", {"spec": SPEC}).json()
    bad = owner.post("/specs/validate", {"spec": "id: x\n"}).json()
    assert (good["valid"], good["problems"], good["spec"]["priority"]) == (True, [], "normal")
    assert (bad["valid"], bad["spec"], {one["path"] for one in bad["problems"]}) == (False, None, {"title", "tests"})
    assert owner.get("/specs").json()["count"] == 0


def test_a_project_is_made_once(owner: Api) -> None:
    first, second = (owner.post("/projects", {"slug": "fresh", "name": "Fresh"}) for _ in range(2))
    assert (first.status_code, first.json()["name"], first["Location"]) == (201, "Fresh", first.json()["url"])
    assert (second.status_code, second.json()["code"]) == (409, "conflict")


def test_a_slug_that_is_none_is_refused(owner: Api) -> None:
    for slug in ("", "A", "-a", "a b", "a" * 61, "ä", 3):
        assert owner.post("/projects", {"slug": slug}).status_code == 422


def test_a_workflow_that_is_none_is_not_found(owner: Api) -> None:
    assert owner.get("/workflows/magic").status_code == 404
