"""The pipeline's side against a Hive that is away, breaks off, or answers with tricks."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from hive.ci.artifacts import BadName, fetch_all, safe_parts
from hive.ci.client import CannotAsk, Client
from hive.ci.follow import exit_code, follow
from hive.ci.job import Wish, submit
from tests.unit.hive.ci.server import LOG, Script, cell, serving, status


def client(script: Script) -> Client:
    return Client(script.url, "hive_key", patience_s=20)


def test_a_job_is_sent_with_its_package_and_again_where_hive_was_away(tmp_path: Path) -> None:
    (tmp_path / ".hive-ci.yaml").write_text("commands: [a]\n")
    with serving(Script(fail_first=1)) as script:
        submit(client(script), Wish(tmp_path / ".hive-ci.yaml", tmp_path, "site"), lambda text: None)
    first, again = script.bodies
    assert first == again or len(first) == len(again)
    assert b'name="package"; filename="package.tar.gz"' in again
    assert b"\x1f\x8b" in again
    assert b"commands: [a]" in again
    keys = [headers["idempotency-key"] for headers in script.headers]
    assert keys[0] == keys[1]


def test_output_comes_once_also_over_a_broken_connection() -> None:
    pieces: list[str | None] = ["one\n", None, "two\n", None, "three\n"]
    with serving(Script(log=pieces)) as script:
        seen = "".join(client(script).log(7))
    assert seen == "one\ntwo\nthree\n"
    assert [headers["last-event-id"] for headers in script.headers] == ["0", "4", "8"]


def test_following_shows_what_it_waits_for_then_every_cell() -> None:
    waits = {"why": "It is the next.", "position": 0}
    waiting = status(status="queued", waits=waits, cells=[cell(started_at=None, status="queued")])
    running = status(status="running", cells=[cell(), cell(job=8, title="Second")])
    said: list[str] = []
    shown: list[str] = []
    with serving(Script(statuses=[running, status(status="failed", exit_code=7)])) as script:
        end = follow(client(script), waiting, shown.append, said.append)
    assert "".join(shown) == LOG * 2
    assert said == ["Waiting: It is the next.", "==> Tests", "==> Second"]
    assert exit_code(end) == 7


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        ({}, 0),
        ({"status": "failed", "exit_code": 42}, 42),
        ({"status": "failed", "exit_code": 0}, 1),
        ({"status": "failed", "exit_code": None}, 1),
        ({"status": "failed", "exit_code": 4096}, 1),
        ({"status": "canceled", "exit_code": None}, 3),
    ],
)
def test_the_exit_code_is_the_jobs(ended: dict[str, Any], code: int) -> None:
    assert exit_code(status(**ended)) == code


def artifact(number: int, name: str, data: bytes, **more: Any) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    return {"id": number, "job": 7, "name": name, "kind": "file", "size_bytes": len(data), "sha256": digest, **more}


def test_artifacts_land_under_their_names_and_the_key_stays_with_hive(tmp_path: Path) -> None:
    kept = [artifact(1, "dist/app.bin", b"\0\1"), artifact(2, "package.tar.gz", b"p", kind="package")]
    with serving(Script(artifacts=kept, files={1: b"\0\1"})) as script:
        assert list(fetch_all(client(script), status(), tmp_path / "out")) == ["dist/app.bin"]
    assert (tmp_path / "out/dist/app.bin").read_bytes() == b"\0\1"
    bytes_asked = [
        headers for (_, path), headers in zip(script.asked, script.headers, strict=True) if "/bytes/" in path
    ]
    assert [headers.get("authorization") for headers in bytes_asked] == [None]


def test_the_artifacts_of_several_cells_do_not_overwrite_one_another(tmp_path: Path) -> None:
    kept = [artifact(1, "r.xml", b"1"), artifact(2, "r.xml", b"2", job=8)]
    cells = [cell(key="3.11"), cell(key="3.12", job=8)]
    with serving(Script(artifacts=kept, files={1: b"1", 2: b"2"})) as script:
        assert list(fetch_all(client(script), status(cells=cells), tmp_path)) == ["3.11/r.xml", "3.12/r.xml"]


def test_what_arrives_damaged_is_not_left_lying(tmp_path: Path) -> None:
    with (
        serving(Script(artifacts=[artifact(1, "a", b"right")], files={1: b"wrong"})) as script,
        pytest.raises(CannotAsk, match="damaged"),
    ):
        list(fetch_all(client(script), status(), tmp_path))
    assert list(tmp_path.iterdir()) == []


BAD = [
    "../x",
    "a/../../x",
    "/etc/x",
    "a\0b",
    "C:\\x",
    "C:x",
    "a\\b",
    "",
    ".",
    ".git/hooks/x",
    "sub/.GIT/config",
    "nul",
    "CON.txt",
    "a\nb",
    "end. ",
    "a?",
]


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_would_land_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadName):
        safe_parts(name)
    with serving(Script(artifacts=[artifact(1, name, b"x")], files={1: b"x"})) as script, pytest.raises(BadName):
        list(fetch_all(client(script), status(), tmp_path))


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/dist").symlink_to(tmp_path)
    with (
        serving(Script(artifacts=[artifact(1, "dist/x", b"x")], files={1: b"x"})) as script,
        pytest.raises(BadName, match="link"),
    ):
        list(fetch_all(client(script), status(), tmp_path / "out"))
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("url", ["", "hive.example.org", "file:///etc/passwd", "ftp://x"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(CannotAsk, match="https://"):
        Client(url, "key")
