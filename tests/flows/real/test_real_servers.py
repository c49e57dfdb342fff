"""`hive up` on servers that are there already, and with Flower beside it."""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path

import pytest
from redis import Redis

from hive.cli.up import ports
from tests.flows.real.hive import ROOT, running, until
from tests.servers.s3 import s3
from tests.servers.stack import stack

pytestmark = pytest.mark.flow


def status_of(url: str, credentials: str = "") -> int:
    headers = {"Authorization": f"Basic {b64encode(credentials.encode()).decode()}"} if credentials else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_the_four_addresses_take_the_place_of_every_embedded_part(tmp_path: Path) -> None:
    with s3() as store, stack(tmp_path, "redis", HIVE_STORE_URL=store.url("made-by-hive")) as real:
        hive = real.hive
        assert "valkey" not in hive.pids()
        run = hive.wait(hive.start(spec=(ROOT / "specs" / "create-blog.yaml").read_text()))
        assert run["status"] == "completed", run
        artifacts = hive.all(f"runs/{run['id']}/artifacts")
        assert len(store.keys("made-by-hive")) >= len(artifacts) > 0
        assert real.sql("SELECT count(*) FROM runs_run") == [(1,)]
        assert Redis.from_url(real.broker.url()).exists("_kombu.binding.manager")
        assert not {path.name for path in hive.home.iterdir()} & {"hive.sqlite3", "artifacts"}


def test_flower_stands_beside_it_behind_a_password(tmp_path: Path) -> None:
    free_port = ports.next_free("127.0.0.1", 25555)
    with running(tmp_path / "home", HIVE_FLOWER_PORT=str(free_port)):
        pages = f"http://127.0.0.1:{free_port}/workers"
        until(lambda: status_of(pages) == 401, 30, lambda: "Flower does not answer")
        password = (tmp_path / "home" / "flower.password").read_text()
        assert status_of(pages, "hive:hive") == 401
        assert status_of(pages, f"hive:{password}") == 200
        shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        assert password not in shown
