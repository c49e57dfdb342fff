"""The tables of moves: every status is reachable, ended ones stay, and nothing else is allowed."""

import pytest
from django.db.models import TextChoices

from apps.incidents.states import INCIDENT_MOVES, IncidentStatus
from apps.releases.states import RELEASE_MOVES, ReleaseStatus
from apps.runs.states import (
    GATE_MOVES,
    JOB_MOVES,
    RUN_MOVES,
    TASK_MOVES,
    GateStatus,
    JobStatus,
    RunStatus,
    TaskStatus,
)

TABLES = [
    (RUN_MOVES, RunStatus, {"completed", "failed", "canceled"}),
    (TASK_MOVES, TaskStatus, {"deployed", "failed", "canceled"}),
    (JOB_MOVES, JobStatus, {"completed", "failed", "canceled"}),
    (GATE_MOVES, GateStatus, {"approved", "rejected"}),
    (RELEASE_MOVES, ReleaseStatus, {"superseded", "rolled_back", "stopped", "failed"}),
    (INCIDENT_MOVES, IncidentStatus, {"resolved", "escalated"}),
]


@pytest.mark.parametrize(("table", "statuses", "ends"), TABLES)
def test_the_table_names_every_status_and_its_ends(
    table: dict[str, frozenset[str]], statuses: type[TextChoices], ends: set[str]
) -> None:
    assert set(table) == set(statuses.values)
    assert {old for old, new in table.items() if not new} == ends


@pytest.mark.parametrize(("table", "statuses", "ends"), TABLES)
def test_every_status_can_be_reached_from_the_first(
    table: dict[str, frozenset[str]], statuses: type[TextChoices], ends: set[str]
) -> None:
    reached, look = set(), [next(iter(statuses.values))]
    while look:
        status = look.pop()
        if status not in reached:
            reached.add(status)
            look.extend(table[status])
    assert reached == set(statuses.values)
