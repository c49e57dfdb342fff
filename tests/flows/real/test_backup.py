"""Backup and restore, by the commands of docs/deployment.md, taken while Hive works and put into a new place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.page import follow
from tests.flows.real.hive import ROOT, Hive, running
from tests.servers.postgres import Postgres, postgres

pytestmark = pytest.mark.flow
BLOG = (ROOT / "specs" / "create-blog.yaml").read_text()


@pytest.fixture
def server() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


def built(hive: Hive) -> int:
    """A run that has ended well."""
    run = hive.wait(hive.start(spec=BLOG))
    assert run["status"] == "completed", run
    return int(run["id"])


def kept(hive: Hive, run_id: int) -> tuple[list[str], list[str], bytes]:
    """What of a run must come through: how its jobs ended, its artifacts' checksums, and the bytes of one."""
    jobs = [f"{job['step']} {job['status']}" for job in hive.all(f"runs/{run_id}/jobs")]
    artifacts = hive.all(f"runs/{run_id}/artifacts")
    bytes_of = hive.client.get(f"runs/{run_id}/artifacts/{artifacts[0]['id']}/download", follow_redirects=True)
    assert bytes_of.is_success
    return jobs, sorted(one["sha256"] for one in artifacts), bytes_of.content


def test_an_embedded_hive_comes_back_with_its_runs_artifacts_and_repositories(tmp_path: Path) -> None:
    old, new, backup = (tmp_path / name for name in ("old", "new", "backup"))
    with running(old) as hive:
        run_id = built(hive)
        before = kept(hive, run_id)
        hive.start(spec=BLOG)  # it is at work while the copy is made
        follow("backup: embedded", tmp_path, HIVE_HOME=str(old), BACKUP=str(backup))
    assert {path.name: path.stat().st_mode & 0o077 for path in backup.iterdir()} == {
        "hive.sqlite3": 0,
        "files.tar.gz": 0,
    }
    shutil.rmtree(old)
    follow("restore: embedded", tmp_path, HIVE_HOME=str(new), BACKUP=str(backup))
    with running(new) as hive:
        assert kept(hive, run_id) == before
        for run in hive.all("runs"):
            assert hive.wait(run["id"])["status"] == "completed"
        assert built(hive) > run_id


def test_records_in_postgresql_come_back_in_another_database(tmp_path: Path, server: Postgres) -> None:
    home, backup = tmp_path / "home", tmp_path / "backup"
    first, second = server.create("first"), server.create("second")
    with running(home, HIVE_DATABASE_URL=first) as hive:
        run_id = built(hive)
        before = kept(hive, run_id)
        follow("backup: postgresql", tmp_path, BACKUP=str(backup), DATABASE=first)
    follow("restore: postgresql", tmp_path, BACKUP=str(backup), DATABASE=second)
    server.sql('DROP DATABASE "first"')
    with running(home, HIVE_DATABASE_URL=second) as hive:
        assert kept(hive, run_id) == before
        assert built(hive) > run_id
