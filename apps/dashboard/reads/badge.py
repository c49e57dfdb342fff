"""What a badge says: how a project's last run ended, or its last pipeline. Nothing else of the project is told."""

from __future__ import annotations

from dataclasses import dataclass

from apps.projects.models import Project
from apps.runs.models import Run
from apps.runs.plan.workflows import BUILDS
from apps.runs.states import RunStatus

LOOKED_AT = 200  # of the project's newest runs: anybody may ask, so the answer must cost little
LABELS = {"run": "hive", "ci": "CI"}
WORDS = {
    RunStatus.QUEUED: ("queued", "#6b665b"),
    RunStatus.RUNNING: ("running", "#175bb0"),
    RunStatus.COMPLETED: ("passed", "#166a35"),
    RunStatus.FAILED: ("failed", "#ad211a"),
    RunStatus.CANCELED: ("canceled", "#6b665b"),
}
NOTHING = ("no run", "#6b665b")
LETTER, PADDING = 6.6, 14  # of the badge's type, in pixels; the text is fitted into what comes out


@dataclass(frozen=True)
class Badge:
    label: str
    word: str
    colour: str

    @property
    def label_width(self) -> int:
        return _width(self.label)

    @property
    def word_width(self) -> int:
        return _width(self.word)

    @property
    def width(self) -> int:
        return self.label_width + self.word_width


def _width(text: str) -> int:
    return round(len(text) * LETTER + PADDING)


def badge_of(project: Project, of: str, ref: str = "") -> Badge:
    """`of` is one of LABELS; a `ref`, as `main` or `refs/heads/main`, is what a pipeline said of itself."""
    found = _newest_status(project, of, ref)
    word, colour = WORDS[RunStatus(found)] if found else NOTHING
    return Badge(LABELS[of], word, colour)


def _newest_status(project: Project, of: str, ref: str) -> str | None:
    wanted = ("ci",) if of == "ci" else BUILDS
    columns = ("workflow", "cause", "status", *(("submission__source__ref",) if ref else ()))
    rows = project.runs.order_by("-pk").values_list(*columns)[:LOOKED_AT]
    for workflow, cause, status, *said in rows:
        if workflow in wanted and cause != Run.Cause.DELEGATED and (not ref or said[0] in (ref, f"refs/heads/{ref}")):
            return str(status)
    return None
