"""The words of the pages: spans, ages, sizes, sentences; the timeline; plain logs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.dashboard.reads.run_page import plain_text
from apps.dashboard.reads.run_rows import RunRows
from apps.dashboard.reads.sentences import Names, job_name, sentence
from apps.dashboard.reads.timeline import timeline_of
from apps.dashboard.wording import LOOKS, age, size, span, step_label, step_title
from apps.events.models import EventType
from apps.incidents.states import IncidentStatus
from apps.releases.states import ReleaseStatus
from apps.runs.states import GateStatus, JobStatus, RunStatus, TaskStatus
from tests.conftest import People
from tests.stories import runs

NAMES = Names(jobs={4: "Code of Home page"}, tasks={2: "Home page"}, gates={3: "before_deploy"})


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 ms"),
        (0.042, "42 ms"),
        (0.44, "0.4 s"),
        (12.4, "12 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7800, "2 h 10 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_a_span_is_told_at_the_precision_that_one_wants(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "just now"),
        (42, "42 s ago"),
        (125, "2 min ago"),
        (7300, "2 h ago"),
        (3 * 86400, "3 d ago"),
        (40 * 86400, "11 Oct 2026"),
    ],
)
def test_an_age_is_told_in_one_unit(seconds: int, words: str) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert age(now - timedelta(seconds=seconds), now) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (200 * 1024, "200 KiB"), (5 << 40, "5120 GiB")],
)
def test_a_size_is_told_in_a_short_number(count: int, words: str) -> None:
    assert size(count) == words


def test_every_status_of_every_kind_has_its_look() -> None:
    kinds = (RunStatus, TaskStatus, JobStatus, GateStatus, ReleaseStatus, IncidentStatus)
    assert {value for kind in kinds for value in kind.values} <= LOOKS.keys()


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("coding.code", "Code"),
        ("testing.noop", "Testing"),
        ("gate.after_plan", "Approve plan"),
        ("gate.new_kind", "New kind"),
        ("coding.re_code", "Re code"),
    ],
)
def test_a_step_has_a_name(step: str, words: str) -> None:
    assert step_label(step) == words


@pytest.mark.parametrize(
    ("type", "data", "words"),
    [
        ("run", {"id": 1, "from": "running", "to": "failed", "message": "No honey."}, "The run failed. No honey."),
        (
            "task",
            {"id": 2, "from": "complete", "to": "in_progress", "message": "2 failed"},
            "Home page goes back to coding. 2 failed",
        ),
        ("task", {"id": 2, "from": "assigned", "to": "in_progress"}, "Home page is under way."),
        ("job", {"id": 4, "to": "running"}, "Code of Home page began."),
        ("job", {"id": 5, "to": "completed"}, "A job is done."),
        ("gate", {"id": 3, "to": "approved"}, "Approve deploy: approved."),
        ("gate", {"id": 9, "name": "after_plan", "to": "pending"}, "Approve plan: waiting for a person."),
        ("incident", {"id": 1, "action": "restart"}, "Repair step: restart."),
        ("file", {"path": "a.md", "change": "A"}, "Added a.md"),
        ("check", {"url": "http://x/", "status": 200, "ok": True, "took_ms": 4}, "http://x/ answered 200 in 4 ms."),
        ("check", {"url": "http://x/", "ok": False, "message": "refused"}, "http://x/ did not answer. refused"),
        ("test_run", {"command": "make test", "failed": 2}, "make test: 2 failed"),
        ("test_run", {"command": "./t.sh", "message": "`./t.sh` ended with 1."}, "`./t.sh` ended with 1."),
        ("progress", {"done": 1, "total": 3}, "1 of 3"),
        ("brand_new", {"a": 1, "b": [2]}, "Brand new: a 1"),
        ("run", {}, "Run"),
    ],
)
def test_an_event_is_a_sentence(type: str, data: dict[str, object], words: str) -> None:
    assert sentence(type, data, NAMES) == words


@pytest.mark.parametrize("type", EventType.values)
@pytest.mark.parametrize("odd", [{}, {"to": 3, "id": "x", "took_ms": "x", "name": [1], "path": {}, "total": "x"}])
def test_an_event_with_odd_data_is_still_told(type: str, odd: dict[str, object]) -> None:
    assert sentence(type, odd, NAMES)


def test_a_job_is_called_by_its_step_and_task() -> None:
    assert job_name("coding.code", "Home page", 2) == "Code of Home page (attempt 2)"
    assert job_name("manager.plan", None, 1) == "Plan"


def test_the_timeline_keeps_every_bar_on_its_axis(people: People) -> None:
    for story in (runs.queued, runs.running, runs.failing, runs.completed):
        line = timeline_of(RunRows(story(people.project, people.owner)), timezone.now())
        for bar in line.bars:
            assert 0 <= bar.queued_at <= 100
            assert 0 <= bar.ran_at + bar.ran_width <= 100.5
        assert 1 <= len(line.ticks) <= 7


def test_a_timeline_of_an_hour_has_round_ticks(people: People) -> None:
    run = runs.ended_earlier(runs.running(people.project, people.owner), timedelta(hours=1))
    assert [tick.label for tick in timeline_of(RunRows(run), timezone.now()).ticks][:4] == [
        "0 s",
        "15 min",
        "30 min",
        "45 min",
    ]


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        (b"\x1b[31mred\x1b[0m \x1b[1;38;5;9mbold\x1b[m", "red bold"),
        (b"10%\r50%\r100%\nnext\r\nlast", "100%\nnext\nlast"),
        (b"\x1b]8;;http://x\x07link\x1b]8;;\x07", "link"),
        (b"bell\x07 and \x1b(B rest\xff", "bell and  rest\ufffd"),
    ],
)
def test_a_log_without_scripts_is_plain(printed: bytes, shown: str) -> None:
    assert plain_text(printed) == shown


def test_a_task_that_is_called_what_its_step_is_is_said_once() -> None:
    assert step_title("coding.code", "Home page") == "Code Home page"
    assert step_title("testing.ci", "CI") == job_name("testing.ci", "CI", 1) == "CI"
    assert step_title("manager.plan", None) == "Plan"
