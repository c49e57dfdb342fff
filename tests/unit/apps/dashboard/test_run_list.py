"""The list of runs: filters, pages, and what it costs."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.dashboard.reads import run_list
from apps.dashboard.reads.run_list import PAGE, Wanted, list_runs, read_wanted
from apps.runs.models import Run
from apps.runs.queries import visible_runs
from tests.conftest import People
from tests.stories import runs
from tests.unit.apps.dashboard.conftest import Visit


def make(people: People, count: int, **values: object) -> list[int]:
    rows = [Run(project=people.project, title=f"Run {n}", created_by=people.owner, **values) for n in range(count)]
    return [run.pk for run in Run.objects.bulk_create(rows)]


def numbers(people: People, **wanted: object) -> list[int]:
    return [row.run.pk for row in list_runs(visible_runs(people.owner), Wanted(**wanted)).rows]  # type: ignore[arg-type]


def test_newest_first(people: People) -> None:
    made = make(people, 3)
    assert numbers(people) == made[::-1]


def test_pages_lead_back_and_forth_without_a_gap(people: People) -> None:
    made = make(people, 2 * PAGE + 3)[::-1]
    first = list_runs(visible_runs(people.owner), Wanted())
    second = list_runs(visible_runs(people.owner), Wanted(before=first.older))
    third = list_runs(visible_runs(people.owner), Wanted(before=second.older))
    shown = [row.run.pk for page in (first, second, third) for row in page.rows]
    assert (shown, first.newer, third.older) == (made, None, None)
    back = list_runs(visible_runs(people.owner), Wanted(after=third.newer))
    assert [row.run.pk for row in back.rows] == [row.run.pk for row in second.rows]


def test_filters_narrow_it(people: People) -> None:
    (failed,) = make(people, 1, status="failed")
    (active,) = make(people, 1, status="running")
    waiting = runs.waiting(people.project, people.owner).pk
    assert numbers(people, status="failed") == [failed]
    assert numbers(people, status="active") == [waiting, active]
    assert numbers(people, status="asking") == [waiting]
    assert numbers(people, project=people.foreign_project.pk) == []
    assert numbers(people, text="BLOG") == [waiting]


def test_somebody_elses_runs_are_not_in_it(people: People) -> None:
    make(people, 2)
    assert list_runs(visible_runs(people.outsider), Wanted()).rows == []


@pytest.mark.parametrize("nonsense", ["x", "-1", "1.5", "9" * 30, "", "²"])
def test_nonsense_in_the_address_is_not_asked_for(nonsense: str) -> None:
    values = {"status": nonsense, "project": nonsense, "before": nonsense, "after": nonsense}
    assert read_wanted(values) == Wanted()


def test_a_page_costs_the_same_however_many_runs_there_are(people: People) -> None:
    counts = []
    for count in (1, PAGE, 40):
        make(people, count)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            list_runs(visible_runs(people.owner), Wanted())
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2] <= 8


def test_the_database_walks_an_index_and_not_the_table(people: People) -> None:
    """A page of 26 rows out of a hundred thousand must not sort them all."""
    found = run_list._filter(visible_runs(people.owner), Wanted()).order_by("-pk")[: PAGE + 1]
    assert "TEMP B-TREE FOR ORDER BY" not in found.explain()


def test_the_page_shows_what_waits_for_a_person(people: People, visit: Visit) -> None:
    runs.waiting(people.project, people.owner)
    page = visit(people.viewer).get("/").content.decode()
    assert "Needs approval" in page
    assert "3 of 6 steps" in page


def test_who_may_only_look_is_not_led_where_they_are_refused(people: People, visit: Visit) -> None:
    assert "/runs/new/" in visit(people.teammate).get("/").content.decode()
    assert "/runs/new/" not in visit(people.viewer).get("/").content.decode()
    assert "/organisations/" not in visit(people.teammate).get("/").content.decode()


def test_without_runs_it_says_what_to_do(people: People, visit: Visit) -> None:
    page = visit(people.owner).get("/").content.decode()
    assert "No runs yet" in page
    assert "hive run specs/create-blog.yaml" in page


def test_a_filter_that_fits_nothing_offers_the_way_back(people: People, visit: Visit) -> None:
    page = visit(people.owner).get("/?status=failed&q=honey").content.decode()
    assert "No run fits" in page
    assert "newest 10000 runs" in page


def test_asked_for_by_the_page_itself_it_is_the_list_alone(people: People, visit: Visit) -> None:
    page = visit(people.owner).get("/?q=x", headers={"HX-Request": "true", "HX-Target": "run-list"}).content.decode()
    assert page.startswith('<div id="run-list"')
