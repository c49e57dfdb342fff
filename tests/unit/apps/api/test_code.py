"""Files, history, checkouts, origins and uploads over the API, as a program uses them."""

from __future__ import annotations

from typing import Any

import pytest

from apps.projects.models import Project
from apps.projects.origin import has_credential
from apps.projects.uploads import make_link
from apps.runs.models import Run
from tests.archives import tar_of
from tests.conftest import People
from tests.unit.apps.api.conftest import CHECKOUT, README, Api, Things

FILE = "/projects/{}/file?ref=work&path={}"
NEW = {"If-None-Match": "*"}


def test_a_file_is_read_with_its_etag_and_in_ranges(things: Things, owner: Api) -> None:
    path = f"/runs/{things.run.pk}/file?path=README"
    whole = owner.get(path)
    assert (whole.getvalue(), whole["ETag"], whole["X-Commit"]) == (b"A site\n", f'"{README}"', things.run.commit)
    assert owner.get(path, headers={"Range": "bytes=2-5"}).getvalue() == b"site"
    assert owner.get(path, headers={"If-None-Match": f'"{README}"'}).status_code == 304
    assert "attachment" in whole["Content-Disposition"]


def test_a_file_is_written_only_by_who_saw_what_is_there(things: Things, owner: Api) -> None:
    path = FILE.format(things.run.project_id, "README")
    assert owner.ask("PUT", path, b"2\n").json()["code"] == "precondition_required"
    stale = owner.ask("PUT", path, b"2\n", headers={"If-Match": '"' + "0" * 40 + '"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert owner.ask("PUT", path, b"2\n", headers=NEW).status_code == 412
    written = owner.ask("PUT", f"{path}&message=Why", b"2\n", headers={"If-Match": f'"{README}"'})
    assert written.status_code == 200
    log = owner.get(f"/projects/{things.run.project_id}/commits?ref=work").json()["results"]
    assert (log[0]["commit"], log[0]["message"], log[0]["author"]) == (written.json()["commit"], "Why", "owner")


@pytest.mark.parametrize("path", ["../x", "a/../../x", ".git/config", "a%00b", "a//b", "", "%2e%2e/x", "/etc/../x"])
def test_a_path_that_leads_out_is_refused_everywhere(things: Things, owner: Api, path: str) -> None:
    pk = things.run.project_id
    for place in (f"/projects/{pk}/file?ref=work", f"/checkouts/{CHECKOUT}/file?", f"/runs/{things.run.pk}/file?"):
        assert owner.get(f"{place}&path={path}").json()["code"] in ("bad_name", "not_there")
    assert owner.ask("PUT", f"/projects/{pk}/file?ref=work&path={path}", b"1", headers=NEW).status_code == 422


@pytest.mark.parametrize("ref", ["--upload-pack=id", "-h", "main~1", "main..work", "a b", "refs/hive/x%00"])
def test_a_ref_that_is_none_is_refused_everywhere(things: Things, owner: Api, ref: str) -> None:
    pk = things.run.project_id
    for path in (f"files?ref={ref}", f"commits?ref={ref}", f"diff?head={ref}", f"diff?head=main&base={ref}"):
        assert owner.get(f"/projects/{pk}/{path}").json()["code"] == "bad_name"
    body = {"name": ref.replace("%00", "\0"), "ref": "main"}
    assert owner.ask("POST", f"/projects/{pk}/branches", body).status_code == 422


def test_a_run_under_way_is_not_written_to_and_one_that_ended_on_a_branch_beside_its_own(
    things: Things, owner: Api
) -> None:
    path = f"/runs/{things.run.pk}/file?path=new"
    assert owner.ask("PUT", path, b"1\n", headers=NEW).json()["code"] == "conflict"
    Run.objects.filter(pk=things.run.pk).update(status="completed")
    commit = owner.ask("PUT", path, b"1\n", headers=NEW).json()["commit"]
    assert owner.get(path).getvalue() == b"1\n"
    branches = owner.get(f"/projects/{things.run.project_id}/branches").json()["results"]
    assert {one["name"]: one["commit"] for one in branches}[f"hive/run-{things.run.pk}/edits"] == commit
    assert Run.objects.get(pk=things.run.pk).commit == things.run.commit


def test_hives_own_branches_and_the_copy_of_the_origins_are_not_written_to(things: Things, owner: Api) -> None:
    pk = things.run.project_id
    refused = owner.ask("PUT", f"/projects/{pk}/file?path=new", b"1", headers=NEW)
    assert (refused.status_code, refused.json()["code"]) == (409, "occupied")
    assert owner.ask("POST", f"/projects/{pk}/branches", {"name": "hive/run-1/x"}).status_code == 422
    assert owner.ask("POST", f"/projects/{pk}/checkouts", {"branch": "main"}).status_code == 409


def test_a_checkout_goes_from_writing_over_adding_to_a_commit(things: Things, owner: Api) -> None:
    opened = owner.ask("POST", f"/projects/{things.run.project_id}/checkouts", {"branch": "fix/one", "ref": "main"})
    at = f"/checkouts/{opened.json()['id']}"
    assert owner.ask("PUT", f"{at}/file?path=a", b"1\n", headers=NEW).status_code == 201
    assert owner.ask("PUT", f"{at}/file?path=b", b"1\n", headers=NEW).status_code == 201
    assert owner.ask("POST", f"{at}/commit", {"message": "Nothing yet"}).status_code == 409
    status = owner.ask("POST", f"{at}/add", {"paths": ["a"]}).json()
    assert [[one["path"] for one in status[part]] for part in ("staged", "changed")] == [["a"], ["b"]]
    assert "+1" in owner.get(f"{at}/diff?staged=true").json()["text"]
    commit = owner.ask("POST", f"{at}/commit", {"message": "Add a"}).json()["commit"]
    diff = owner.get(f"/projects/{things.run.project_id}/diff?head=fix/one").json()
    assert (diff["head"], [one["path"] for one in diff["changes"]]) == (commit, ["a"])
    assert owner.ask("POST", f"{at}/close").status_code == 200
    assert owner.get(at).status_code == 404


def test_an_origin_is_set_and_its_password_never_told(things: Things, owner: Api) -> None:
    path = f"/projects/{things.run.project_id}/origin"
    said = owner.ask("PUT", path, {"url": "https://ada:s3cret-Passw0rd@forge.example/x.git", "push": "default"})
    assert said.json() | {"seen_at": None} == {
        "url": "https://forge.example/x.git",
        "user": "ada",
        "branch": "",
        "push": "default",
        "seen_at": None,
        "has_password": True,
    }
    everything = said.content + owner.get(path).content + owner.get(f"/projects/{things.run.project_id}").content
    assert b"s3cret" not in everything
    bad = owner.ask("PUT", path, {"url": "ext::sh -c id", "password": "s3cret-Passw0rd"})
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_origin")
    assert b"s3cret" not in bad.content
    assert has_credential(Project.objects.get(pk=things.run.project_id))


def test_fetch_and_push_are_runs_of_their_own(things: Things, owner: Api) -> None:
    pk = things.run.project_id
    fetched, pushed = owner.post(f"/projects/{pk}/fetch"), owner.ask("POST", f"/projects/{pk}/push", {"branch": "work"})
    assert [one.json()["workflow"] for one in (fetched, pushed)] == ["fetch", "push"]
    steps = Run.objects.get(pk=pushed.json()["id"]).jobs.values_list("step", flat=True)
    assert (list(steps), pushed.json()["branch"]) == (["coding.push"], "work")
    assert owner.ask("POST", f"/projects/{pk}/push", {"branch": "nothing"}).status_code == 404
    assert owner.post("/runs", {"workflow": "push"}).status_code == 422
    Project.objects.update(origin_url="")
    assert owner.post(f"/projects/{pk}/fetch").json()["code"] == "no_origin"


def archive(**files: str) -> bytes:
    return tar_of({name: text.encode() for name, text in files.items()}, "gz")


@pytest.fixture
def own(things: Things) -> int:
    """The project, as one that is Hive's own."""
    Project.objects.filter(pk=things.run.project_id).update(origin_url="")
    return things.run.project_id


def test_an_archive_is_uploaded_by_a_link(own: int, owner: Api) -> None:
    link = owner.post(f"/projects/{own}/upload").json()
    path = link["url"].partition("/api/v1")[2]
    taken = Api().ask("PUT", path, archive(README="New\n", app="1\n"))
    assert (taken.status_code, taken.json()["branch"], taken.json()["notes"]) == (201, "main", [])
    assert owner.get(f"/projects/{own}/file?path=README").getvalue() == b"New\n"


def test_a_link_is_good_for_its_project_and_its_person_alone(own: int, people: People, owner: Api) -> None:
    token = make_link(people.project, people.teammate).token
    for wrong in (token[:-2] + "xx", "nothing"):
        assert Api().ask("PUT", f"/uploads/{wrong}", archive(a="1")).status_code == 404
    people.teammate.memberships.all().delete()
    assert Api().ask("PUT", f"/uploads/{token}", archive(a="1")).status_code == 404


@pytest.mark.parametrize("body", [b"nothing", b"", archive(**{"../../x": "1"})], ids=["no archive", "empty", "outside"])
def test_what_cannot_be_taken_is_refused_and_changes_nothing(own: int, people: People, owner: Api, body: Any) -> None:
    token = make_link(people.project, people.owner).token
    assert Api().ask("PUT", f"/uploads/{token}", body).json()["code"] == "not_taken"
    assert owner.get(f"/projects/{own}/file?path=README").getvalue() == b"A site\n"
