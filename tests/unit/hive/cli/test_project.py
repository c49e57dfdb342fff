"""`hive project`: what its verbs make of a project, through the API."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from apps.projects.models import Project
from apps.projects.origin import credential_of
from apps.runs.models import Run
from tests.conftest import People
from tests.unit.hive.cli.conftest import Verbs
from workers.places import repository_of

ORIGIN = "https://forge.example/team/shop.git"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "shop.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        entry = tarfile.TarInfo("shop/total.py")
        entry.size = 9
        tar.addfile(entry, io.BytesIO(b"TOTAL = 1"))
    return path


def files(project: Project) -> list[str]:
    repository = repository_of(project)
    return repository.files(repository.resolve(project.default_branch))


def test_one_is_made_and_listed(people: People, verbs: Verbs) -> None:
    assert verbs("project", "create", "shop") == (0, "Project shop is made.\n", "")
    assert Project.objects.get(slug="shop").organisation == people.project.organisation
    _, out, _ = verbs("project", "list", "--json", by=people.teammate)
    assert sorted(one["slug"] for one in json.loads(out)["projects"]) == ["shop", "site"]


def test_an_address_becomes_its_origin_and_is_fetched_and_no_list_of_processes_shows_the_password(
    verbs: Verbs, tmp_path: Path
) -> None:
    (tmp_path / "token.txt").write_text("s3cret-Passw0rd\n")
    words = ("--from", ORIGIN, "--user", "ci", "--password-file", str(tmp_path / "token.txt"), "--branch", "trunk")
    code, out, err = verbs("project", "create", "shop", *words, "--push", "default")
    made = Project.objects.get(slug="shop")
    assert (made.origin_url, made.origin_user, made.origin_branch, made.origin_push) == (
        ORIGIN,
        "ci",
        "trunk",
        "default",
    )
    assert credential_of(made).secret == "s3cret-Passw0rd"
    run = Run.objects.get(workflow="fetch")
    assert (code, out, err) == (0, f"Project shop is made. Run {run.pk} fetches it.\n", "")


def test_an_archive_becomes_its_files(verbs: Verbs, archive: Path) -> None:
    assert verbs("project", "create", "shop", "--from", str(archive))[0] == 0
    assert files(Project.objects.get(slug="shop")) == ["total.py"]


def test_what_is_neither_address_nor_file_makes_no_project(verbs: Verbs) -> None:
    code, _, err = verbs("project", "create", "shop", "--from", "nowhere.tar.gz")
    assert (code, Project.objects.filter(slug="shop").exists()) == (2, False)
    assert "nowhere.tar.gz is neither an address (https://" in err


def test_a_password_that_cannot_be_read_makes_no_project(verbs: Verbs) -> None:
    code, _, err = verbs("project", "create", "shop", "--from", ORIGIN, "--password-file", "nowhere.txt")
    assert (code, Project.objects.filter(slug="shop").exists()) == (2, False)
    assert "nowhere.txt cannot be read: No such file" in err


def test_an_upload_is_a_commit_that_the_branches_show(people: People, verbs: Verbs, archive: Path) -> None:
    _, out, _ = verbs("project", "upload", "site", str(archive), by=people.teammate)
    assert files(people.project) == ["total.py"]
    commit = repository_of(people.project).resolve("main")
    assert out.startswith(f"main is at {commit[:12]}.")
    _, listed, _ = verbs("project", "branches", "site", by=people.viewer)
    assert listed.split("\t")[:2] == ["main", commit[:12]]


def test_fetching_and_pushing_are_runs(people: People, verbs: Verbs) -> None:
    Project.objects.filter(pk=people.project.pk).update(origin_url=ORIGIN)
    repository_of(people.project)
    _, fetched, _ = verbs("project", "fetch", "site")
    _, pushed, _ = verbs("project", "push", "site", "main")
    assert list(Run.objects.order_by("pk").values_list("workflow", flat=True)) == ["fetch", "push"]
    assert f"Run {Run.objects.earliest('pk').pk} fetches site" in fetched
    assert f"Run {Run.objects.latest('pk').pk} pushes main" in pushed


def test_without_an_origin_there_is_nothing_to_fetch(verbs: Verbs) -> None:
    code, _, err = verbs("project", "fetch", "site")
    assert (code, Run.objects.count()) == (2, 0)
    assert "origin" in err


def test_a_run_begins_on_a_branch_that_is_named(people: People, verbs: Verbs, root: Path) -> None:
    repository = repository_of(people.project)
    repository.set_branch("next", repository.resolve("main"))
    words = ("run", str(root / "specs/create-blog.yaml"), "--project", "site", "--branch")
    code, _, err = verbs(*words, "nowhere")
    assert (code, Run.objects.count()) == (2, 0)
    assert "There is no branch" in err
    assert verbs(*words, "next")[0] == 0
    assert Run.objects.get().from_branch == "next"


def test_a_viewer_changes_nothing_and_an_outsider_sees_nothing(people: People, verbs: Verbs, archive: Path) -> None:
    assert verbs("project", "upload", "site", str(archive), by=people.viewer)[0] == 2
    assert files(people.project) == []
    code, _, err = verbs("project", "branches", "site", by=people.outsider)
    assert (code, err) == (2, "hive: There is no project site.\n")
