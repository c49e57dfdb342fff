"""The plan's picture: every card in its place, no card on another, lines from end to beginning."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.dashboard.plan.arrange import arrange
from apps.dashboard.plan.cards import Card, Step, cards_of
from apps.dashboard.plan.picture import HEIGHT, WIDTH, draw
from apps.runs.plan.decide import Snapshot
from apps.runs.plan.workflows import TaskLink, nodes
from apps.runs.queries import RunState

DIAMOND = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


@st.composite
def graphs(draw_: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Up to twelve keys in topological order, each after some of those before it."""
    count = draw_(st.integers(0, 12))
    keys = [f"k{number}" for number in range(count)]
    return {
        key: tuple(draw_(st.sets(st.sampled_from(keys[:n]), max_size=3))) if n else () for n, key in enumerate(keys)
    }


@given(graphs())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_the_plan_no_card_stands_on_another(after: dict[str, tuple[str, ...]]) -> None:
    found = arrange(after)
    for one, other in itertools.combinations(found.spots.values(), 2):
        assert one.layer != other.layer or abs(one.at - other.at) > 0.999
    assert all(0 <= spot.at <= found.breadth - 0.999 for spot in found.spots.values())


@given(graphs())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_the_plan_a_line_goes_forward_layer_by_layer(after: dict[str, tuple[str, ...]]) -> None:
    found = arrange(after)
    assert set(found.lines) == {(one, key) for key, before in after.items() for one in before}
    for (start, end), spots in found.lines.items():
        assert (spots[0], spots[-1]) == (found.spots[start], found.spots[end])
        assert [spot.layer for spot in spots] == list(range(spots[0].layer, spots[-1].layer + 1))


def test_a_diamond_is_a_diamond() -> None:
    spots = arrange(DIAMOND).spots
    assert [spots[key].layer for key in "abcd"] == [0, 1, 1, 2]
    assert abs(spots["b"].at - spots["c"].at) == 1
    assert spots["a"].at == spots["d"].at == (spots["b"].at + spots["c"].at) / 2


def test_two_lines_that_need_not_cross_do_not() -> None:
    after = {"a": (), "b": (), "x": ("b",), "y": ("a",)}
    spots = arrange(after).spots
    assert (spots["a"].at < spots["b"].at) == (spots["y"].at < spots["x"].at)


def card(key: str, *after: str) -> Card:
    return Card(key, f"Title of {key}", (Step("Code", "completed", 7, "1.0 s"),), after)


def test_the_drawing_holds_all_of_its_cards_either_way() -> None:
    for downwards in (False, True):
        picture = draw([card(key, *before) for key, before in DIAMOND.items()], downwards=downwards)
        for placed in picture.cards:
            assert 0 <= placed.x <= picture.width - WIDTH
            assert 0 <= placed.y <= picture.height - HEIGHT


def test_a_phone_gets_it_downwards() -> None:
    wide, narrow = (draw([card(k, *b) for k, b in DIAMOND.items()], downwards=one) for one in (False, True))
    assert wide.width > wide.height
    assert narrow.width < 360
    assert narrow.height > wide.height


def test_no_plan_is_an_empty_drawing() -> None:
    assert draw([]).cards == ()


def state(status: str = "running", **jobs: str) -> RunState:
    plan = nodes("build", [TaskLink("home")], ["before_deploy"], deploys=True)
    now = timezone.now()
    rows = {
        key.replace("__", ":").replace("_", "."): SimpleNamespace(
            pk=1, status=value, started_at=now, finished_at=now, round=1
        )
        for key, value in jobs.items()
    }
    return RunState(Snapshot(status, plan), rows)  # type: ignore[arg-type]


def test_a_task_is_one_card_with_its_steps() -> None:
    cards = cards_of(
        state(manager_plan="completed", coding_code__home="running"), {"home": "Home page"}, timezone.now()
    )
    assert [one.title for one in cards] == ["Plan", "Home page", "Approve deploy", "Deploy", "Accept"]
    assert [step.status for step in cards[1].steps] == ["running", "waiting"]
    assert cards[1].spoken == "Home page. Code: running, 0 ms; Test: waiting"


def test_a_task_whose_commands_and_tests_agents_run_is_still_one_card() -> None:
    plan = nodes("build", [TaskLink("home", runs_on=("gpu",), codes_on=("node",))])
    (_, card) = cards_of(RunState(Snapshot("running", plan), {}), {"home": "Home page"}, timezone.now())
    steps = ["Pack base", "Code on an agent", "Code", "Pack", "On an agent", "Test"]
    assert (card.title, [step.label for step in card.steps]) == ("Home page", steps)


def test_a_card_is_as_bad_as_its_worst_step() -> None:
    cards = cards_of(state(coding_code__home="completed", testing_test__home="failed"), {}, timezone.now())
    assert [one.status for one in cards] == ["waiting", "failed", "waiting", "waiting", "waiting"]


def test_what_an_ended_run_never_reached_was_skipped() -> None:
    assert cards_of(state("failed"), {}, timezone.now())[-1].status == "skipped"
