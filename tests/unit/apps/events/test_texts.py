"""Texts with what no database of ours keeps."""

from __future__ import annotations

import pytest

from apps.events.models import Event
from apps.events.services import record
from apps.events.texts import storable
from apps.runs.models import Job
from apps.runs.outcome import done, failed
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim
from apps.runs.services.finish import finish
from apps.runs.services.start import start_run
from apps.runs.states import Reason
from tests.conftest import People

BAD = "a\0b\ud800c\udc00"
GOOD = "a\ufffdb\ufffdc\ufffd"


@pytest.mark.parametrize("text", ["", "plain", "größer 😀", "\\u0000"])
def test_what_can_be_stored_stays(text: str) -> None:
    assert storable({"a": [text, 1, None]}) == {"a": [text, 1, None]}


def test_what_cannot_is_replaced_everywhere() -> None:
    assert storable({BAD: [BAD, {"x": (BAD,)}]}) == {GOOD: [GOOD, {"x": [GOOD]}]}


def test_the_halves_of_one_character_become_it() -> None:
    assert storable("\ud83d\ude00") == "😀"


def test_an_event_and_the_end_of_a_job_may_carry_anything(people: People) -> None:
    for outcome in (failed(Reason.TESTS_FAILED, BAD, last=BAD), done(last=BAD)):
        run = start_run(people.project, None, None, workflow="noop")
        row = claim(Job.objects.get(run=run).pk, 1, "worker/1")
        assert row is not None
        number = record(run.pk, "activity", {"text": BAD})
        finish(ActiveJob(row), outcome, 1)
        assert Event.objects.get(run_id=run.pk, number=number).data == {"text": GOOD}
        assert Job.objects.get(pk=row.pk).outcome == {"last": GOOD}
