"""move(): the table, the race, the event."""

import pytest
from django.db import transaction

from apps.events.lifecycle import Guard, IllegalMove, MoveLost, can_move, move
from apps.events.models import Event
from apps.events.services import DATA_LIMIT_BYTES, record
from apps.runs.models import Run
from tests.conftest import People


@pytest.fixture
def run(people: People) -> Run:
    return Run.objects.create(project=people.project, title="A run")


def test_a_move_changes_the_row_and_records_the_event(run: Run) -> None:
    move(run, "running", reason="", message="")
    assert Run.objects.get().status == run.status == "running"
    assert Event.objects.get().data == {"id": run.pk, "from": "queued", "to": "running"}


def test_the_reason_is_kept_with_the_row_and_the_event(run: Run) -> None:
    move(run, "canceled", reason="canceled_by_user", message="by ann")
    assert (Run.objects.get().reason, Run.objects.get().message) == ("canceled_by_user", "by ann")
    assert Event.objects.get().data["reason"] == "canceled_by_user"


def test_what_the_table_forbids_changes_nothing(run: Run) -> None:
    assert not can_move(run, "completed")
    with pytest.raises(IllegalMove, match="is queued; it cannot become completed"):
        move(run, "completed")
    assert not Event.objects.exists()


def test_the_second_of_two_movers_loses(run: Run) -> None:
    same = Run.objects.get(pk=run.pk)
    move(run, "running")
    with pytest.raises(MoveLost):
        move(same, "canceled")
    assert Run.objects.get().status == "running"
    assert same.status == "queued"


def test_a_guard_that_does_not_hold_changes_nothing(run: Run) -> None:
    with pytest.raises(MoveLost):
        move(run, "running", guard=Guard("epoch = %s", (7,)))
    assert Run.objects.get().status == "queued"


def test_a_lost_move_leaves_the_callers_transaction_usable(run: Run) -> None:
    with transaction.atomic():
        with pytest.raises(MoveLost):
            move(run, "running", guard=Guard("FALSE"))
        record(run.pk, "error", {"message": "still here"})
    assert Event.objects.get().data == {"message": "still here"}


def test_an_event_that_fails_takes_the_move_back(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.events.services.as_json", lambda data: 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        move(run, "running")
    assert Run.objects.get().status == "queued"


def test_events_are_numbered_per_run(run: Run, people: People) -> None:
    other = Run.objects.create(project=people.project, title="Another")
    numbers = [record(pk, "activity", {}) for pk in (run.pk, run.pk, other.pk, run.pk)]
    assert numbers == [1, 2, 1, 3]


def test_a_huge_event_is_cut_and_says_so(run: Run) -> None:
    record(run.pk, "activity", {"text": "x" * 100_000, "short": "kept"})
    data = Event.objects.get().data
    assert "characters cut" in data["text"]
    assert data["short"] == "kept"
    assert len(str(data)) < DATA_LIMIT_BYTES
