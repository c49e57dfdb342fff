"""What a run has changed, as people see it: without the project's secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from apps.projects.secrets import put_secret
from apps.runs.models import Run
from hive.home import Home
from tests.conftest import People
from tests.stories import runs
from tests.unit.apps.dashboard.conftest import Visit
from tests.unit.workers.repo.author import write
from workers.places import repository_of


def test_the_difference_is_shown_and_a_secret_in_it_is_not(
    people: People, visit: Visit, settings: Any, tmp_path: Path
) -> None:
    settings.HOME = Home(tmp_path)
    put_secret(people.project, "TOKEN", "hunter2-hunter2")
    repository = repository_of(people.project)
    base = repository.resolve("main")
    run = runs.waiting(people.project, people.owner)
    Run.objects.filter(pk=run.pk).update(
        base_commit=base, commit=write(repository, base, {"config.py": "PORT = 1\nTOKEN = 'hunter2-hunter2'\n"})
    )
    page = visit(people.owner).get(f"/runs/{run.pk}/changes/").content.decode()
    assert "PORT = 1" in page
    assert "[masked]" in page
    assert "hunter2" not in page
