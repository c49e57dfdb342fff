"""Every page, read for what the content policy forbids and for what people with assistive technology need."""

from __future__ import annotations

import pytest
from django.urls import reverse

from apps.dashboard.security import POLICY
from tests.conftest import People
from tests.stories import runs
from tests.unit.apps.dashboard.conftest import Visit, World
from tests.unit.apps.dashboard.markup import Page, what_a_reader_would_miss, what_the_policy_forbids
from tests.unit.apps.dashboard.test_every_address import GETS, addresses

PAGES = [name for name, expected in GETS.items() if expected[0] == 200 and name not in ("run_part", "export_memory")]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole(people: People, world: World, visit: Visit, name: str) -> None:
    (address,) = addresses(name, world)
    page = Page(visit(people.owner).get(address).content.decode())
    assert what_the_policy_forbids(page) == []
    assert what_a_reader_would_miss(page) == []


@pytest.mark.parametrize("story", ["queued", "running", "completed", "failing", "lost", "canceled", "noop"])
def test_a_run_is_whole_in_every_state(people: People, visit: Visit, story: str) -> None:
    run = getattr(runs, story)(people.project, people.owner)
    page = Page(visit(people.owner).get(reverse("dashboard:run", args=[run.pk])).content.decode())
    assert what_the_policy_forbids(page) + what_a_reader_would_miss(page) == []


@pytest.mark.parametrize("address", ["/sign-in/", "/enter/forged", "/nowhere/"])
def test_pages_before_the_door_are_whole(db: None, visit: Visit, address: str) -> None:
    page = Page(visit(None).get(address).content.decode())
    assert what_the_policy_forbids(page) + what_a_reader_would_miss(page) == []


def test_every_answer_carries_the_policy(people: People, visit: Visit) -> None:
    answer = visit(people.owner).get("/")
    assert answer["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY


def test_the_reading_finds_what_is_wrong() -> None:
    page = Page(
        '<html><a href="#"></a><input name="x"><p style="x" onclick="y" id="z"></p><p id="z"></p><script>1</script>'
    )
    assert what_the_policy_forbids(page) == ["<p style>", "<p onclick>", "inline <script>"]
    assert len(what_a_reader_would_miss(page)) == 7
