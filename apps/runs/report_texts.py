"""The report of a run as files: JSON for programs, Markdown for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from apps.runs.models import Run
from apps.runs.report import Line

SIGNS = {"passed": "✓", "failed": "✗", "not run": "–"}
SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>|#~!"} | {"\r": " ", "\n": " "})


def as_json(run: Run, lines: Sequence[Line]) -> bytes:
    about: dict[str, Any] = {
        "run": run.pk,
        "title": run.title,
        "project": run.project.slug,
        "status": run.status,
        "reason": run.reason,
        "message": run.message,
        "commit": run.commit,
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "lines": [asdict(line) for line in lines],
    }
    return json.dumps(about, indent=1, ensure_ascii=False).encode(errors="replace")


def as_markdown(run: Run, lines: Sequence[Line]) -> bytes:
    """All texts are somebody else's: none of them is markup."""
    ended = f" at {run.finished_at:%Y-%m-%d %H:%M:%S} UTC" if run.finished_at else ""
    text = [
        f"# Run {run.pk}: {_plain(run.title)}",
        "",
        f"Project {_plain(run.project.slug)}. **{run.get_status_display()}**{ended}. {_plain(run.message)}".rstrip(),
        "",
        "| | requirement | task | test | commit | |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(line) for line in lines),
    ]
    return "\n".join([*text, ""]).encode(errors="replace")


def _row(line: Line) -> str:
    asked = f"{line.id} {line.requirement}".strip()
    said = line.message if line.result == "failed" else ""
    cells = (SIGNS[line.result], asked, line.task, line.test, line.commit[:12], said)
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _plain(text: str) -> str:
    return text.translate(SPECIAL).strip()
