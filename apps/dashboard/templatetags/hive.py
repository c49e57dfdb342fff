"""What the pages' templates say again and again: an icon, a status, a time, a span, a size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from apps.accounts.models import User
from apps.artifacts import retention
from apps.artifacts.models import Artifact
from apps.dashboard import wording
from apps.dashboard.reads.releases import ReleaseView
from apps.dashboard.reads.releases import open_incidents as count_open
from apps.dashboard.visitor import Rights, rights_of
from apps.events.models import EventType
from apps.runs.models import Gate, Job, Run
from apps.runs.plan.graph import GATE

register = template.Library()


@cache
def _icon_source(name: str) -> SafeString:
    """Read once: an icon is a file of this repository, never a value from outside."""
    source: str = get_template(f"icons/{name}.svg").template.source  # type: ignore[attr-defined]
    return mark_safe(source.strip())  # noqa: S308


@register.simple_tag
def sheets() -> tuple[str, ...]:
    """The style sheets, in the order in which they build on one another."""
    return ("tokens", "base", "layout", "components", "forms", "run", "log")


@register.simple_tag(takes_context=True)
def open_incidents(context: dict[str, Any]) -> int:
    user = context.get("user")
    return count_open(user) if isinstance(user, User) else 0


@register.simple_tag(takes_context=True)
def rights(context: dict[str, Any]) -> Rights:
    return rights_of(context["request"]) if isinstance(context.get("user"), User) else Rights(False, {})


@register.simple_tag
def icon(name: str) -> SafeString:
    return _icon_source(name)


@register.simple_tag
def role_icon(role: str) -> SafeString:
    return _icon_source(wording.ROLE_ICONS.get(role, "workflow"))


@register.simple_tag
def status(value: str, label: str = "") -> SafeString:
    """A status as icon, word and tone."""
    name, tone = wording.LOOKS.get(value, ("circle-dashed", "muted"))
    word = label or value.replace("_", " ").capitalize()
    return format_html(
        '<span class="status tone-{}" data-status="{}">{}<span>{}</span></span>', tone, value, _icon_source(name), word
    )


@register.simple_tag
def status_icon(value: str) -> SafeString:
    """The icon alone, for where the word stands beside it already."""
    name, tone = wording.LOOKS.get(value, ("circle-dashed", "muted"))
    return format_html('<span class="status-icon tone-{}">{}</span>', tone, _icon_source(name))


@register.filter
def tone(value: str) -> str:
    return wording.LOOKS.get(value, ("", "muted"))[1]


@register.simple_tag
def ago(at: datetime | None) -> SafeString | str:
    """How long ago; the page's script keeps it true, and shows the exact moment in the reader's own time."""
    if at is None:
        return "—"
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        at.isoformat(),
        f"{at:%Y-%m-%d %H:%M:%S} UTC",
        wording.age(at, timezone.now()),
    )


@register.simple_tag
def clock(at: datetime | None) -> SafeString | str:
    """A time of day to the second."""
    if at is None:
        return "—"
    return format_html(
        '<time datetime="{}" title="{}" data-clock>{}</time>',
        at.isoformat(),
        f"{at:%Y-%m-%d %H:%M:%S} UTC",
        f"{at:%H:%M:%S}",
    )


@register.simple_tag
def lasted(start: datetime | None, end: datetime | None = None) -> SafeString | str:
    """From start to end; still counting where there is no end yet."""
    passed = wording.between(start, end, timezone.now())
    if passed is None or start is None:
        return "—"
    text = wording.span(passed.total_seconds())
    if end is not None:
        return text
    return format_html('<time datetime="{}" data-since>{}</time>', start.isoformat(), text)


@register.filter
def span(seconds: Any) -> str:
    return wording.span(float(seconds)) if isinstance(seconds, int | float) else "—"


@register.filter
def size(count: int) -> str:
    return wording.size(count)


@register.filter
def kept_until(artifact: Artifact) -> datetime | None:
    return retention.kept_until(artifact)


@register.filter
def step_label(step: str) -> str:
    return wording.step_label(step)


@register.filter
def job_title(job: Job) -> str:
    """Its step and the task's title. Reads the task, if that was not read with the job."""
    return wording.step_title(job.step, job.task.title if job.task else None)


@register.filter
def gate_label(name: str) -> str:
    return wording.step_label(f"{GATE}{name}")


@register.filter
def answered(gate: Gate) -> list[tuple[str, str]]:
    """What was asked, with what was answered."""
    return [(one["text"], answer) for one, answer in zip(gate.questions, gate.answers, strict=False)]


@register.simple_tag
def live(run: Run, part: str, types: str, **values: Any) -> SafeString:
    """The attributes of a part of a run's page that is drawn anew when one of these types of events happens."""
    address = reverse("dashboard:run_part", args=[run.pk, part])
    kept = urlencode({name: value for name, value in values.items() if value})
    return format_html(
        'hx-get="{}" hx-trigger="live" hx-swap="morph" hx-sync="this:queue last" data-live="{}"',
        f"{address}?{kept}" if kept else address,
        types,
    )


@register.simple_tag
def stream(run: Run, seen: int, releases: Sequence[ReleaseView] = ()) -> SafeString | str:
    """Where the page hears of new events; a run that has ended and has nothing live has none to come."""
    if run.ended and not any(view.is_live for view in releases):
        return ""
    return format_html(
        ' data-stream="/api/v1/runs/{}/stream" data-types="{}" data-seen="{}"',
        run.pk,
        " ".join(EventType.values),
        seen,
    )


@register.filter
def short(commit: str) -> str:
    return commit[:10]


@register.filter
def lookup(values: Mapping[Any, Any], key: Any) -> Any:
    return values.get(key)


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """This page's address with some of its parameters changed; None or "" takes one away."""
    values = context["request"].GET.copy()
    for name, value in changes.items():
        values.pop(name, None)
        if value not in (None, ""):
            values[name] = value
    encoded = values.urlencode()
    return f"?{encoded}" if encoded else context["request"].path
