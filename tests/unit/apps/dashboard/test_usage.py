"""What a run used of models, on its page."""

from __future__ import annotations

import pytest

from apps.dashboard.reads.sentences import Names, sentence
from apps.runs.models import Job, Run
from apps.runs.services.active import ActiveJob
from apps.runs.spending.spend import Used, reserve, settle
from tests.conftest import People
from tests.stories import runs
from tests.unit.apps.dashboard.conftest import Visit


def spend(run: Run, used: Used) -> None:
    job = ActiveJob(Job.objects.select_related("run__project").get(run=run, status="running", step="coding.code"))
    settle(reserve(job, "anthropic/claude", 9_000, 90_000), used)


def test_a_page_shows_cost_tokens_and_the_budget(people: People, visit: Visit) -> None:
    run = runs.lost(people.project, people.owner)
    spend(run, Used(4_000, 200, micros=1_230_000))
    shown = visit(people.owner).get(f"/runs/{run.pk}/parts/usage/").content.decode()
    for words in ("anthropic/claude", "1 call,", "4000 tokens read", "$1.23 of $5.00", "(24 %)"):
        assert words in shown
    assert "price unknown" not in shown


def test_a_price_that_nobody_knows_is_said(people: People, visit: Visit) -> None:
    run = runs.lost(people.project, people.owner)
    spend(run, Used(4_000, 200))
    shown = visit(people.owner).get(f"/runs/{run.pk}/parts/usage/").content.decode()
    assert "price unknown" in shown
    assert "the one on money does not" in shown


def test_a_run_without_a_model_has_no_such_panel(people: People, visit: Visit) -> None:
    run = runs.lost(people.project, people.owner)
    assert "usage-title" not in visit(people.owner).get(f"/runs/{run.pk}/").content.decode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"state": "asked", "model": "a/b"}, "a/b is asked."),
        (
            {"state": "answered", "model": "a/b", "input_tokens": 5, "output_tokens": 2, "usd": 0.5},
            "a/b answered: 5 tokens read, 2 written, $0.5000.",
        ),
        (
            {"state": "answered", "model": "a/b", "input_tokens": 5, "output_tokens": 2, "usd": None},
            "a/b answered: 5 tokens read, 2 written, price unknown.",
        ),
        ({"state": "gave_nothing", "model": "a/b"}, "a/b gave no answer; nothing was spent."),
        ({"state": "waiting", "text": "Waiting for a/b", "waited_s": 9.0}, "Waiting for a/b (9.0 s)"),
        ({"state": "writes_text", "text": "Let me look."}, "Let me look."),
    ],
)
def test_a_models_events_are_sentences(data: dict[str, object], words: str) -> None:
    assert sentence("model", data, Names()) == words


def test_a_project_shows_what_all_its_runs_used_today_and_ever(people: People, visit: Visit) -> None:
    run = runs.lost(people.project, people.owner)
    address = f"/projects/{people.project.pk}/"
    assert "usage-title" not in visit(people.viewer).get(address).content.decode()
    spend(run, Used(4_000, 200, micros=1_230_000))
    shown = visit(people.viewer).get(address).content.decode()
    for words in ("Today", "Ever", "1 call, 4000 tokens read, 200 written, $1.23"):
        assert words in shown
    assert visit(people.outsider).get(address).status_code == 404
