from __future__ import annotations

import json
import socket
import stat
from typing import Any

import pytest

from tests.unit.workers.deployment.host.hosting import Hosting

START = {"verb": "start", "release": "r1", "files": "/f.tar", "argv": ["serve"], "log": "/tmp/r1.log"}


def say(hosting: Hosting, line: bytes) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(hosting.places.socket))
        connection.sendall(line + b"\n")
        with connection.makefile("rb") as stream:
            return json.loads(stream.readline())


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ({"verb": "dance"}, "Name a verb: start, stop"),
        ({}, "Name a verb"),
        ([], "Name a verb"),
        ({"verb": "start"}, "'argv'. It needs release, files, argv and log"),
        ({**START, "color": "red"}, "unexpected keyword argument 'color'"),
        ({**START, "release": "../r1"}, "'../r1' is not a release id"),
        ({**START, "argv": "serve"}, "argv is not a list of words"),
        ({**START, "argv": []}, "argv is not a list of words"),
        ({**START, "argv": ["a\0b"]}, "argv is not a list of words"),
        ({**START, "files": "relative.tar"}, "files is not an absolute path"),
        ({**START, "port": 0}, "0 is not a port"),
        ({**START, "env": {"A": 1}}, "env does not map text to text"),
        ({**START, "limits": {"wings": 2}}, "unexpected keyword argument 'wings'"),
        ({**START, "limits": {"cpus": 0}}, "use 1 or more"),
        ({"verb": "stop"}, "None is not a release id"),
        ({"verb": "stop", "release": "r1", "grace_s": -1}, "grace_s is a number of seconds"),
        ({"verb": "restart", "release": "r1", "launches": "2"}, "launches is a number"),
        ({"verb": "route", "environment": "devsite", "release": "r1"}, "generation is a number"),
        ({"verb": "route", "environment": "", "release": "r1", "generation": 1}, "environment is a name"),
        ({"verb": "route", "environment": "d", "release": "r1", "generation": 1, "port": 99999}, "not a port"),
        ({"verb": "logs", "release": "r1", "limit_bytes": "all"}, "limit_bytes is a number"),
    ],
)
def test_a_message_that_makes_no_sense_is_answered_with_what_would(
    hosting: Hosting, message: object, complaint: str
) -> None:
    error = say(hosting, json.dumps(message).encode())["error"]
    assert error["code"] == "bad_request"
    assert complaint in error["message"]


@pytest.mark.parametrize("line", [b"hello", b"{", b"\xff\xfe"])
def test_what_is_not_json_is_answered(hosting: Hosting, line: bytes) -> None:
    assert "Not a line of JSON" in say(hosting, line)["error"]["message"]


def test_a_line_without_end_is_dropped_and_the_host_lives(hosting: Hosting) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(hosting.places.socket))
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            connection.sendall(b"x" * 10_000_000)
    assert hosting.client.list().releases == ()


def test_nobody_else_may_speak_to_the_host(hosting: Hosting) -> None:
    assert stat.S_IMODE(hosting.places.socket.stat().st_mode) == 0o600


def test_a_bug_in_a_verb_is_an_answer_and_not_the_end(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.deployment.host.daemon.Daemon.list", lambda self: 1 / 0)
    answer = say(hosting, b'{"verb": "list"}')
    assert answer["error"]["code"] == "failed"
    monkeypatch.undo()
    assert hosting.client.list().releases == ()
