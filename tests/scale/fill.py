"""Fill a PostgreSQL with a history: one INSERT … SELECT per table."""

from __future__ import annotations

from typing import Any

from django.db import connection, models

from apps.accounts.models import Membership, Organisation, User
from apps.artifacts.models import Artifact
from apps.events.models import Event, Sequence
from apps.incidents.models import Incident, Probe, ProbeResult
from apps.projects.models import Project
from apps.releases.models import Environment, Release
from apps.runs.models import Gate, Job, Run, Task
from apps.specs.models import Spec, SpecVersion

RUNS = 100_000
EVENTS_PER_RUN = 10
PROJECTS = 300
BUSY, QUIET = 1, 2  # a project with two of five runs, and one with the five oldest ones; each in its own organisation
RUNNING = 40  # the newest few are under way
RELEASES = 20_000
ENDS = "CASE WHEN i % 11 = 0 THEN 'failed' WHEN i % 97 = 0 THEN 'canceled' ELSE 'completed' END"
AGE = "now() - ({total} - i) * interval '30 seconds'"


def fill(runs: int = RUNS) -> None:
    """On an empty database. Ids count from 1 in every table; the greater, the newer."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # foreign keys are right here; looking takes a while
        _history(runs)
        cursor.execute("SET session_replication_role = origin")


def _history(runs: int) -> None:
    _who()
    age = AGE.format(total=runs)
    status = f"CASE WHEN i > {runs - RUNNING} THEN 'running' ELSE {ENDS} END"
    ended = f"CASE WHEN i > {runs - RUNNING} THEN NULL ELSE {age} + interval '20 seconds' END"
    project = f"CASE WHEN i <= 5 THEN {QUIET} WHEN i % 5 < 2 THEN {BUSY} ELSE 3 + i % {PROJECTS - 2} END"
    when = {"created_at": age, "started_at": age, "finished_at": ended, "published_at": age}
    version = f"1 + i % {PROJECTS}"
    make(Run, runs, project=project, title="'Build site ' || i", status=status, spec_version=version, epoch="1", **when)
    make(Task, runs, run="i", key="'task-001'", title="'Task'", position="0", spec="'{}'", status="'verified'")
    begun = {"queued_at": age, "started_at": age}
    named = {"role": "'coding'", "step": "'coding.code'"}
    make(Job, runs, run="i", task="i", status=status, finished_at=ended, **named, **begun)
    named = {"role": "'testing'", "step": "'testing.test'"}
    more = {"status": ENDS, "finished_at": age, "id": f"{runs} + i"}
    make(Job, runs, run="i", task="i", **named, **begun, **more)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE runs_job SET worker = 'far-away/' || id, lease_token = md5(id::text),"
            " lease_expires_at = now() + interval '1 hour' WHERE status = 'running'"
        )
    _told(runs, age)
    _deployed(runs)
    _settle()


def _who() -> None:
    make(Organisation, PROJECTS, name="'Organisation ' || i", slug="'organisation-' || i", created_at="now()")
    make(Project, PROJECTS, organisation="i", slug="'project-' || i", name="'Project ' || i", created_at="now()")
    make(User, PROJECTS, username="'person-' || i", password="'!'", is_superuser="i = 3", is_staff="i = 3")
    make(Membership, PROJECTS, organisation="i", user="i", role="'owner'")
    make(Spec, PROJECTS, project="i", key="'task-001'", title="'Site'")
    make(SpecVersion, PROJECTS, spec="i", number="1", text="'id: a'", data="'{}'", sha256="md5(i::text)")


def _told(runs: int, age: str) -> None:
    make(Sequence, runs, run_id="i", last=str(EVENTS_PER_RUN))
    per = EVENTS_PER_RUN
    make(
        Event,
        runs * per,
        run_id=f"1 + (i - 1) / {per}",
        number=f"1 + (i - 1) % {per}",
        at=f"now() - ({runs * per} - i) * interval '3 seconds'",
        type="CASE WHEN i % 2 = 0 THEN 'job' ELSE 'activity' END",
        job_id=f"1 + (i - 1) / {per}",
        data="jsonb_build_object('id', i, 'text', 'building module ' || i)",
    )
    make(
        Artifact,
        runs,
        run="i",
        job="i",
        name="'tree.tar.gz'",
        kind="'tree'",
        size_bytes="1000",
        sha256="md5(i::text)",
        store_key="'runs/' || i",
        created_at=age,
    )
    gated = f"CASE WHEN 10 * i > {runs - RUNNING // 2} THEN 'pending' ELSE 'approved' END"
    make(Gate, runs // 10, run="10 * i", name="'before_deploy'", status=gated)


def _deployed(runs: int) -> None:
    make(Environment, PROJECTS, project="i", name="'devsite'")
    made = min(RELEASES, runs)
    live = f"CASE WHEN i > {made - PROJECTS} THEN 'live' ELSE 'superseded' END"
    where = f"CASE WHEN i % 5 < 2 AND i <= {made - PROJECTS} THEN {BUSY} ELSE 1 + i % {PROJECTS} END"
    later = {"run": f"{runs - made} + i", "job": f"{runs - made} + i"}
    make(
        Release, made, environment=where, commit="md5(i::text)", target="'process'", config="'{}'", status=live, **later
    )
    soon = "now() + interval '1 hour'"
    make(Probe, made, release="i", check_spec="'{}'", next_at=soon, active=f"i > {made - PROJECTS}")
    make(ProbeResult, 10 * made, probe="1 + (i - 1) / 10", ok="true", took_ms="3")
    make(Incident, made // 4, release="4 * i", probe="4 * i", status="'resolved'")


def make(model: type[models.Model], count: int, **values: str) -> None:
    """`count` rows; `values` are SQL over their number i. What is not named has the field's default."""
    values = {"id" if model is not Sequence else "run_id": "i", **values}
    columns, expressions, params = [], [], []
    for field in model._meta.local_concrete_fields:
        columns.append(connection.ops.quote_name(field.column))
        if field.name in values:
            expressions.append(f"({values[field.name]})".replace("%", "%%"))
        else:
            expressions.append("%s")
            params.append(_default(field))
    table = model._meta.db_table
    sql = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(expressions)} FROM generate_series(1, %s) AS i"
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, count])


def _default(field: Any) -> Any:
    return None if field.null else field.get_db_prep_save(field.get_default(), connection)


def _settle() -> None:
    """Sequences behind the ids, and statistics for the planner: autovacuum would make them within a minute."""
    with connection.cursor() as cursor:
        for model in (
            Organisation,
            Project,
            User,
            Membership,
            Spec,
            SpecVersion,
            Run,
            Task,
            Job,
            Event,
            Artifact,
            Gate,
        ):
            _follow(cursor, model)
        for model in (Environment, Release, Probe, ProbeResult, Incident):
            _follow(cursor, model)
        cursor.execute("ANALYZE")


def _follow(cursor: Any, model: type[models.Model]) -> None:
    table = model._meta.db_table
    cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
