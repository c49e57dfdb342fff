"""A page of a run's events, newest first, told in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model

from apps.dashboard.reads.run_rows import RunRows
from apps.dashboard.reads.sentences import Names, job_name, sentence
from apps.events.models import Event, EventType
from apps.runs.models import Gate, Job, Task

PAGE = 40
MOST = 400  # on one page; what is earlier gets a page of its own

# What a reader looks for, and the types that tell it.
KINDS: dict[str, tuple[str, ...]] = {
    "steps": (EventType.RUN, EventType.TASK, EventType.JOB, EventType.PHASE),
    "tests": (EventType.TEST_RUN, EventType.GUARD, EventType.CHECK),
    "files": (EventType.FILE,),
    "work": (EventType.ACTIVITY, EventType.TOOL_START, EventType.TOOL_END, EventType.MODEL, EventType.PROGRESS),
    "release": (EventType.GATE, EventType.RELEASE, EventType.INCIDENT),
    "errors": (EventType.ERROR,),
}
ICONS = {
    "run": "play",
    "task": "package",
    "job": "settings",
    "gate": "hand",
    "release": "rocket",
    "incident": "siren",
    "phase": "chevron-right",
    "activity": "activity",
    "file": "file-code-2",
    "test_run": "flask-conical",
    "guard": "triangle-alert",
    "check": "heart-pulse",
    "error": "triangle-alert",
}


@dataclass(frozen=True)
class Told:
    number: int
    at: datetime
    type: str
    icon: str
    text: str
    tone: str
    job: int | None


@dataclass(frozen=True)
class EventPage:
    """`earlier` is the query string of the page that shows more: the same events and some before them."""

    events: Sequence[Told]
    kind: str
    shown: int
    before: int | None
    earlier: str


def events_of(rows: RunRows, kind: str = "", shown: int | None = None, before: int | None = None) -> EventPage:
    """Four queries at most: the events, and the names of what they speak of where the page has not read them."""
    kind = kind if kind in KINDS else ""
    count = min(max(shown or PAGE, PAGE), MOST)
    found = Event.objects.filter(run_id=rows.run.pk)
    if kind:
        found = found.filter(type__in=KINDS[kind])
    if before is not None:
        found = found.filter(number__lt=before)
    events = list(found.order_by("-number")[: count + 1])
    names = _names(events[:count], rows)
    earlier = ""
    if len(events) > count:
        window = (
            {"before": events[count - 1].number} if count == MOST else {"before": before or "", "show": count + PAGE}
        )
        earlier = urlencode({"type": kind, **window})
    return EventPage([_tell(row, names) for row in events[:count]], kind, count, before, earlier)


def _tell(event: Event, names: Names) -> Told:
    return Told(
        number=event.number,
        at=event.at,
        type=event.type,
        icon=ICONS.get(event.type, "info"),
        text=sentence(event.type, event.data, names),
        tone=_tone(event),
        job=event.job_id or (event.data.get("id") if event.type == EventType.JOB else None),
    )


def _tone(event: Event) -> str:
    to = event.data.get("to")
    if to in ("failed", "rejected", "escalated", "open") or event.type == EventType.ERROR:
        return "bad"
    if event.type == EventType.CHECK:
        return "good" if event.data.get("ok") else "bad"
    if event.type == EventType.TEST_RUN:
        return "bad" if event.data.get("reason") or event.data.get("failed") else "good"
    return "good" if to in ("completed", "verified", "deployed", "live", "approved", "resolved") else "muted"


def _names(events: Sequence[Event], rows: RunRows) -> Names:
    ids: dict[str, set[int]] = {"job": set(), "task": set(), "gate": set()}
    for event in events:
        if event.type in ids and isinstance(event.data.get("id"), int):
            ids[event.type].add(event.data["id"])
    tasks, jobs, gates = rows.so_far
    task_names = {task.pk: task.title for task in tasks}
    gate_names = {gate.pk: gate.name for gate in gates}
    job_names = {
        job.pk: job_name(job.step, task_names.get(job.task_id or 0), job.attempt)
        for job in jobs
        if job.pk in ids["job"]
    }
    others = _named(Job, ids["job"] - job_names.keys(), "step", "task__title", "attempt")
    return Names(
        jobs=job_names | {pk: job_name(step, title, attempt) for pk, step, title, attempt in others},
        tasks=task_names | dict(_named(Task, ids["task"] - task_names.keys(), "title")),
        gates=gate_names | dict(_named(Gate, ids["gate"] - gate_names.keys(), "name")),
    )


def _named(model: type[Model], numbers: set[int], *fields: str) -> Iterable[Any]:
    return model._default_manager.filter(pk__in=numbers).values_list("pk", *fields) if numbers else ()
