"""Keeping specs: each text once, numbered, and whoever comes second finds what is there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from apps.specs import queries, services
from apps.specs.models import Spec, SpecVersion
from apps.specs.validate import check, check_data
from tests.conftest import People
from tests.database import own_database

pytestmark = pytest.mark.django_db
TEXT = "id: a\ntitle: A\ntests: [{run: x}]\n"


def test_a_text_is_kept_with_what_it_means(people: People) -> None:
    version = services.save(people.project, TEXT, people.owner)
    assert (version.number, version.text, version.created_by) == (1, TEXT, people.owner)
    assert queries.load(version) == check(TEXT).spec


def test_the_same_text_is_the_same_version(people: People) -> None:
    first = services.save(people.project, TEXT, people.owner)
    assert services.save(people.project, TEXT.encode(), people.teammate) == first
    assert SpecVersion.objects.count() == 1


def test_another_text_is_the_next_version_and_names_the_spec(people: People) -> None:
    services.save(people.project, TEXT, people.owner)
    second = services.save(people.project, TEXT.replace("A", "B"), people.owner)
    assert (second.number, second.spec.versions.count()) == (2, 2)
    assert Spec.objects.get().title == "B"


def test_an_old_text_that_comes_again_is_the_old_version(people: People) -> None:
    first = services.save(people.project, TEXT, people.owner)
    services.save(people.project, TEXT.replace("A", "B"), people.owner)
    assert services.save(people.project, TEXT, people.owner) == first


def test_the_same_text_in_another_project_is_another_spec(people: People) -> None:
    ours = services.save(people.project, TEXT, people.owner)
    theirs = services.save(people.foreign_project, TEXT, people.outsider)
    assert ours.spec != theirs.spec


def test_a_text_with_problems_is_not_kept(people: People) -> None:
    with pytest.raises(services.InvalidSpec) as caught:
        services.save(people.project, TEXT + "titel: x\n", people.owner)
    assert [problem.code for problem in caught.value.problems] == ["unknown_key"]
    assert not Spec.objects.exists()


def test_an_object_is_kept_as_text(people: People) -> None:
    version = services.keep(people.project, check_data({"id": "a", "title": "no", "tests": [{"run": "x"}]}), None)
    assert check(version.text).spec == queries.load(version)


@contextmanager
def between_look_and_insert(rival: Callable[[], object]) -> Iterator[None]:
    """Somebody else does `rival` after we looked for the text and before we insert it, once."""
    waiting, looked = [rival], False

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal looked
        if waiting and looked and sql.startswith("SAVEPOINT"):
            waiting.pop()()
        looked = looked or "sha256" in sql
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield
    assert not waiting, "the rival never came"


def test_two_who_save_the_same_text_at_once_agree(people: People) -> None:
    rivals: list[SpecVersion] = []
    with between_look_and_insert(lambda: rivals.append(services.save(people.project, TEXT, people.teammate))):
        ours = services.save(people.project, TEXT, people.owner)
    assert [ours] == rivals
    assert SpecVersion.objects.get().created_by == people.teammate


MANY_AT_ONCE = """
import threading, django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.db import connection
from apps.accounts.models import Organisation
from apps.projects.models import Project
from apps.specs.models import SpecVersion
from apps.specs.services import save
organisation = Organisation.objects.create(name="o", slug="o")
project = Project.objects.create(organisation=organisation, slug="p", name="p")
start = threading.Barrier(8)
def one(number):
    start.wait()
    for round in range(5):
        save(project, f"id: a\\ntitle: T{(number + round) % 4}\\ntests: [{{run: x}}]\\n", None)
    connection.close()
threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(sorted(SpecVersion.objects.values_list("number", flat=True)), len(set(SpecVersion.objects.values_list("text"))))
"""


def test_many_at_once_make_each_version_once(tmp_path: Path) -> None:
    """Eight threads on a real database, four texts between them, again and again."""
    environ = {**os.environ, "HIVE_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "hive.settings"}
    program = [sys.executable, "-c", MANY_AT_ONCE]
    with own_database() as url:
        environ["HIVE_DATABASE_URL"] = url
        done = subprocess.run(program, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("[1, 2, 3, 4] 4\n", "")


def test_a_version_is_exported_as_it_came_or_in_full(people: People) -> None:
    version = services.save(people.project, TEXT, people.owner)
    assert services.export(version) == TEXT
    assert check(services.export(version, long_form=True)).spec == queries.load(version)
    assert "queue_timeout: 3600.0" in services.export(version, long_form=True)


def test_only_members_see_a_spec(people: People) -> None:
    version = services.save(people.project, TEXT, people.owner)
    for person in (people.owner, people.teammate, people.viewer):
        assert list(queries.versions_visible_to(person)) == [version]
        assert [spec.latest for spec in queries.visible_to(person)] == [1]  # type: ignore[attr-defined]
    assert not queries.visible_to(people.outsider).exists()
    assert not queries.versions_visible_to(people.outsider).exists()


def test_the_latest_version_is_the_one_with_the_highest_number(people: People) -> None:
    services.save(people.project, TEXT, people.owner)
    second = services.save(people.project, TEXT.replace("A", "B"), people.owner)
    assert queries.latest_version(second.spec) == second
