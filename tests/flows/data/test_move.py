"""`hive data move`: everything arrives or nothing does, whenever it is killed; nothing of anybody else's is touched."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hive.cli.up import lock
from tests.flows.data.records import RUNS
from tests.migrated import give_records
from tests.servers.postgres import Postgres, postgres

ROOT = Path(__file__).resolve().parents[3]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("HIVE_", "DJANGO_"))}

HIVE = "from hive.cli.main import run; run()"
# A process that is killed at a place of its own: in the middle of the copy of a table, before or after the commit …
KILLED = """
import os, signal, sys, django
django.setup()
from hive.moving import records, target
def die(*args, **kwargs): os.kill(os.getpid(), signal.SIGKILL)
place = sys.argv.pop(1)
if place == "migrations": target.call_command = die
elif place == "tables":
    migrate = target.call_command
    target.call_command = lambda *args, **kwargs: (migrate(*args, **kwargs), die())
elif place == "rows":
    line = records.line
    def second(fields, row, seen=[0]):
        if fields[0].model._meta.db_table == "events_event":
            seen[0] += 1
            if seen[0] == 300: die()
        return line(fields, row)
    records.line = second
elif place == "comparison": records._compare = die
elif place == "mark": records.write_mark = die
elif place == "answer":
    move = records.move_records
    records.move_records = lambda *args: (move(*args), die())
from hive.cli import main
main.main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A home with records, and the number of an event that is gone."""
    home = tmp_path_factory.mktemp("embedded") / "home"
    give_records(home)
    done = run(home, "-m", "tests.flows.data.records", HIVE_BROKER_URL="memory://")
    assert done.returncode == 0, done.stderr
    (home / "run").mkdir(exist_ok=True)
    return home, int(done.stdout.splitlines()[-1])


@pytest.fixture
def home(made: tuple[Path, int], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[0], tmp_path / "home"))


@pytest.fixture
def target(server: Postgres) -> tuple[str, Callable[[str], Any]]:
    """An empty database: its address, and a way to ask it."""
    name = f"t{secrets.token_hex(6)}"
    return server.create(name), lambda statement: server.sql(statement, database=name)


@pytest.fixture(scope="module")
def with_tables(server: Postgres, made: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a database as a move leaves it that is killed after the migrations: all tables, nothing in them."""
    home = shutil.copytree(made[0], tmp_path_factory.mktemp("killed") / "home")
    killed = run(home, "-c", KILLED, "tables", "data", "move", "--to", server.create("tables"))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    return "tables"


@pytest.fixture
def prepared(server: Postgres, with_tables: str) -> tuple[str, Callable[[str], Any]]:
    """A copy of that, for what happens after the migrations: they take as long as all the rest."""
    name = f"t{secrets.token_hex(6)}"
    server.sql(f'CREATE DATABASE "{name}" TEMPLATE "{with_tables}"')
    return server.url(name), lambda statement: server.sql(statement, database=name)


def run(home: Path, *argv: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environ = {**CLEAN, "HIVE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "hive.settings", **settings}
    return subprocess.run(
        [sys.executable, *argv], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


def move(home: Path, url: str, *more: str) -> subprocess.CompletedProcess[str]:
    return run(home, "-c", HIVE, "data", "move", "--to", url, *more)


def test_everything_arrives(made: tuple[Path, int], home: Path, target: tuple[str, Callable[[str], Any]]) -> None:
    url, ask = target
    answer = json.loads(move(home, url, "--json").stdout)
    assert answer["tables"]["runs_run"]["rows"] == RUNS + 1
    assert ask("SELECT count(*), min(last) FROM events_sequence") == [(RUNS + 1, 1)]
    assert ask("SELECT count(*) FROM events_event") == [(21 * RUNS + 1,)]
    assert ask("SELECT DISTINCT data FROM events_logchunk")[0][0].tobytes() == bytes(range(256)) * 100
    assert ask("SELECT message FROM runs_run WHERE id = 1") == [("nul \ufffd 0",)]
    assert ask("SELECT live_id IS NOT NULL FROM releases_environment") == [(True,)]
    assert ask("SELECT nextval(pg_get_serial_sequence('events_event', 'id'))") == [(made[1] + 1,)]
    assert ask("SELECT count(*) FROM auth_permission p, django_content_type c WHERE c.id = content_type_id")[0][0] > 50


def test_the_moved_records_are_the_installations(home: Path, prepared: tuple[str, Callable[[str], Any]]) -> None:
    """Hive reads them as it did: people, secrets, what the events say."""
    look = (
        "import django; django.setup();"
        "from apps.accounts.models import User; from apps.events.models import Event;"
        "from apps.projects.models import Secret; from apps.projects.secrets import values_to_mask;"
        "from tests.flows.data.records import NUMBERS;"
        "data = Event.objects.filter(type='activity').earliest('id').data; data.pop('step');"
        "print(User.objects.get().check_password('a long password'), data == NUMBERS,"
        " values_to_mask(Secret.objects.get().project))"
    )
    assert move(home, prepared[0]).returncode == 0
    before, after = run(home, "-c", look), run(home, "-c", look, HIVE_DATABASE_URL=prepared[0])
    assert (before.stdout, after.stdout) == ("True True ['a secret value']\n",) * 2, after.stderr


@pytest.mark.parametrize(
    ("place", "begun"),
    [(place, "target") for place in ("migrations", "tables")]
    + [(place, "prepared") for place in ("rows", "comparison", "mark", "answer")],
)
def test_killed_anywhere_it_is_done_again(home: Path, request: pytest.FixtureRequest, place: str, begun: str) -> None:
    url, ask = request.getfixturevalue(begun)
    killed = run(home, "-c", KILLED, place, "data", "move", "--to", url)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if place not in ("migrations", "answer"):
        assert ask("SELECT count(*) FROM runs_run") == [(0,)]
    again = move(home, url, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["moved_before"] is (place == "answer")
    assert ask("SELECT count(*) FROM runs_run") == [(RUNS + 1,)]
    assert ask("SELECT count(*) FROM events_event") == [(21 * RUNS + 1,)]


def test_two_at_once_move_once(home: Path, target: tuple[str, Callable[[str], Any]], tmp_path: Path) -> None:
    """The same installation, from a second copy of its home."""
    other = Path(shutil.copytree(home, tmp_path / "other"))
    command = [sys.executable, "-c", HIVE, "data", "move", "--json", "--to", target[0]]
    both = [
        subprocess.Popen(command, cwd=ROOT, env={**CLEAN, "HIVE_HOME": str(each)}, stdout=subprocess.PIPE, text=True)
        for each in (home, other)
    ]
    answers = [process.communicate(timeout=120)[0] for process in both]
    codes = [process.returncode for process in both]
    moved = [json.loads(answer)["moved_before"] for answer in answers if answer]
    assert False in moved
    assert set(codes) <= {0, 1}  # who comes in between the other's migrations is told to do it again
    assert target[1]("SELECT count(*) FROM runs_run") == [(RUNS + 1,)]


@pytest.mark.parametrize(
    ("before", "complaint"),
    [
        ("CREATE TABLE somebody_elses (n int)", "not Hive's (somebody_elses)"),
        ("CREATE TABLE accounts_user (id int); INSERT INTO accounts_user VALUES (1)", "holds records already"),
        ("CREATE TABLE hive_move AS SELECT 'another' AS mark, now() AS at", "Another installation's records"),
    ],
)
def test_what_is_somebody_elses_is_not_touched(
    home: Path, target: tuple[str, Callable[[str], Any]], before: str, complaint: str
) -> None:
    url, ask = target
    ask(before)
    tables = ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    refused = move(home, url)
    assert refused.returncode == 2
    assert complaint in refused.stderr
    assert ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == tables


def test_it_refuses_while_hive_runs(home: Path, target: tuple[str, Callable[[str], Any]]) -> None:
    held = lock.acquire(home / "run" / "lock")
    try:
        refused = move(home, target[0])
    finally:
        os.close(held)
    assert (refused.returncode, "hive down" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("mysql://root:secret@host/name", "use postgresql://"),
        ("postgresql://hive:secret@127.0.0.1:1/name", "does not answer"),
    ],
)
def test_an_address_that_is_none_is_told_without_its_password(home: Path, url: str, complaint: str) -> None:
    refused = move(home, url)
    assert (refused.returncode, complaint in refused.stderr, "secret@" in refused.stderr) == (2, True, False)


def test_artifacts_go_to_the_new_store_and_are_compared(
    home: Path, prepared: tuple[str, Callable[[str], Any]], tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    moved = json.loads(move(home, prepared[0], "--store", there.as_uri(), "--json").stdout)["artifacts"]
    assert moved == {"sent": RUNS, "there": 0, "missing": 0}
    spoiled = next((home / "artifacts").rglob("runs/2/file*"))
    spoiled.write_bytes(b"x" * spoiled.stat().st_size)
    for copied in there.rglob("runs/[23]/file*"):
        copied.unlink()
    broken = move(home, prepared[0], "--store", there.as_uri())
    assert (broken.returncode, "runs/2/file" in broken.stderr) == (1, True)
    assert not list(there.rglob("runs/2/file*"))


def test_artifacts_are_backed_up_as_a_stream_and_come_back(home: Path, tmp_path: Path) -> None:
    def shell(command: str) -> subprocess.CompletedProcess[str]:
        hive = f'{sys.executable} -c "{HIVE}" data'
        script = command.format(hive=hive, tar=tmp_path / "artifacts.tar")
        environ = {**CLEAN, "HIVE_HOME": str(home)}
        return subprocess.run(["bash", "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True)

    assert f"{RUNS} artifacts written" in shell("{hive} export-artifacts > {tar}").stderr
    before = {path.relative_to(home): path.read_bytes() for path in (home / "artifacts").rglob("file*")}
    shutil.rmtree(home / "artifacts")
    back = shell("{hive} import-artifacts < {tar}")
    assert (back.returncode, back.stderr) == (
        0,
        f"{RUNS} artifacts stored, 0 there before, 0 of which no record tells.\n",
    )
    assert {path.relative_to(home): path.read_bytes() for path in (home / "artifacts").rglob("file*")} == before
    cut = shell("head -c 15000 {tar} | {hive} import-artifacts")
    assert (cut.returncode, "cut off" in cut.stderr) == (2, True)
