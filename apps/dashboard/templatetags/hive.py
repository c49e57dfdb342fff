"""What the pages' templates say again and again: an icon, a status, a time, a span, a size."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from django import template
from django.template.loader import get_template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from apps.dashboard import wording

register = template.Library()


@cache
def _icon_source(name: str) -> SafeString:
    """Read once: an icon is a file of this repository, never a value from outside."""
    source: str = get_template(f"icons/{name}.svg").template.source  # type: ignore[attr-defined]
    return mark_safe(source.strip())  # noqa: S308


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
def step_label(step: str) -> str:
    return wording.step_label(step)


@register.filter
def short(commit: str) -> str:
    return commit[:10]


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
