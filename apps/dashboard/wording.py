"""The words in which pages speak of steps, states, spans of time and sizes."""

from __future__ import annotations

from datetime import datetime, timedelta

from apps.runs.plan.graph import GATE
from apps.runs.plan.workflows import (
    ACCEPT,
    CI,
    CODE,
    CODE_ON_AGENT,
    CODE_PACK,
    DEPLOY,
    FETCH_PACKAGE,
    MERGE,
    MERGED_ON_AGENT,
    NOOP,
    ON_AGENT,
    PACK,
    PACK_MERGED,
    PLAN,
    SPECIFY,
    TEST,
    VERIFY,
    WRITE_TESTS,
)

STEPS = {
    SPECIFY: "Spec",
    PLAN: "Plan",
    WRITE_TESTS: "Write tests",
    CODE_PACK: "Pack base",
    CODE_ON_AGENT: "Code on an agent",
    CODE: "Code",
    PACK: "Pack",
    ON_AGENT: "On an agent",
    TEST: "Test",
    MERGE: "Merge",
    PACK_MERGED: "Pack",
    MERGED_ON_AGENT: "On an agent",
    VERIFY: "Verify",
    DEPLOY: "Deploy",
    ACCEPT: "Accept",
    CI: "CI",
    FETCH_PACKAGE: "Fetch",
}
GATES = {
    "after_plan": "Approve plan",
    "tests_changed": "Approve changed tests",
    "before_deploy": "Approve deploy",
    "questions": "Questions",
}
ROLE_ICONS = {
    "manager": "clipboard-list",
    "coding": "file-code-2",
    "testing": "flask-conical",
    "deployment": "rocket",
    "monitoring": "radar",
    "gate": "hand",
}

# status → (icon, tone). The tone is a class; colour never stands alone, there is always the icon and the word.
LOOKS = {
    "queued": ("clock", "waiting"),
    "created": ("circle-dashed", "waiting"),
    "assigned": ("clock", "waiting"),
    "waiting": ("circle-dashed", "waiting"),
    "running": ("loader-circle", "running"),
    "in_progress": ("loader-circle", "running"),
    "deploying": ("loader-circle", "running"),
    "repairing": ("loader-circle", "running"),
    "pending": ("hand", "asking"),
    "complete": ("circle-check", "running"),
    "completed": ("circle-check", "good"),
    "verified": ("badge-check", "good"),
    "deployed": ("rocket", "good"),
    "approved": ("check", "good"),
    "live": ("radar", "good"),
    "resolved": ("circle-check", "good"),
    "failed": ("circle-x", "bad"),
    "rejected": ("x", "bad"),
    "escalated": ("siren", "bad"),
    "open": ("siren", "bad"),
    "serving": ("play", "good"),
    "paused": ("pause", "asking"),
    "unserved": ("triangle-alert", "bad"),
    "working": ("loader-circle", "running"),
    "idle": ("circle-check", "good"),
    "draining": ("loader-circle", "asking"),
    "drained": ("pause", "asking"),
    "silent": ("wifi-off", "bad"),
    "revoked": ("circle-slash", "muted"),
    "rolled_back": ("rotate-ccw", "muted"),
    "canceled": ("circle-slash", "muted"),
    "superseded": ("chevron-right", "muted"),
    "stopped": ("pause", "muted"),
}


def step_label(step: str) -> str:
    """`coding.code` → "Code"; `gate.after_plan` → "Approve plan"; `testing.noop` → "Testing"."""
    if step.startswith(GATE):
        gate = step.removeprefix(GATE)
        return GATES.get(gate, gate.replace("_", " ").capitalize())
    role, _, verb = step.partition(".")
    return STEPS.get(step) or (role if verb == NOOP else verb.replace("_", " ")).capitalize()


def step_title(step: str, task_title: str | None) -> str:
    """What a job does, and to what: "Code A garden diary"; a task that is called what its step is, is said once."""
    label = step_label(step)
    return f"{label} {task_title}" if task_title and task_title != label else label


def span(seconds: float) -> str:
    """A span of time at the precision that a reader wants: 40 ms, 0.4 s, 12 s, 3 min 05 s, 2 h 10 min, 3 d 4 h."""
    if seconds < 0.1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = whole // 60
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def age(then: datetime, now: datetime) -> str:
    """How long ago, in one unit; a date once that says more."""
    seconds = (now - then).total_seconds()
    if seconds < 5:
        return "just now"
    for limit, unit, word in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"), (14 * 86400, 86400, "d")):
        if seconds < limit:
            return f"{int(seconds // unit)} {word} ago"
    return f"{then:%d %b %Y}".lstrip("0")


def between(start: datetime | None, end: datetime | None, now: datetime) -> timedelta | None:
    return (end or now) - start if start else None


def size(count: int) -> str:
    """Bytes in the unit that keeps the number short; 1 KiB is 1,024 bytes."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
