"""How long a job was queued, offered, prepared, and ran: as words, and as one bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.fleet.stages import OFFERED, PREPARED, QUEUED, RAN, Stage, stages_of
from apps.runs.models import Job

LABELS = {QUEUED: "Queued", OFFERED: "Offered", PREPARED: "Prepared", RAN: "Ran"}
NARROWEST = 0.6  # in hundredths of the bar: a stage of a millisecond is still seen


@dataclass(frozen=True)
class Part:
    """One stage. `at` and `width` are hundredths of the bar."""

    stage: Stage
    label: str
    at: float
    width: float

    @property
    def name(self) -> str:
        return self.stage.name


def parts_of(job: Job, now: datetime) -> Sequence[Part]:
    stages = stages_of(job)
    took = [one.seconds(now) for one in stages]
    whole = max(sum(took), 0.001)
    widths = [max(100 * seconds / whole, NARROWEST) for seconds in took]
    scale = 100 / sum(widths)
    parts, at = [], 0.0
    for stage, width in zip(stages, widths, strict=True):
        parts.append(Part(stage, LABELS[stage.name], round(at, 2), round(width * scale, 2)))
        at += width * scale
    return parts
