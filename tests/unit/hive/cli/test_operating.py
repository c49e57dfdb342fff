"""The operators' verbs: what they send, and how they tell the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import typer

from hive.cli import many, queue, spans, worker
from hive.cli.main import main
from tests.unit.hive.cli.test_remote import api

Serve = Callable[..., list[httpx.Request]]
QUEUE = {
    "role": "coding", "paused": True, "paused_at": "2026-11-24T19:00:00Z", "paused_by": "ann", "reason": "New disk",
    "until": None, "due": 3, "oldest_at": None, "running": 1, "messages": 0, "workers": [],
}  # fmt: skip
WORKER = {
    "id": 7, "name": "build@here", "state": "working", "queues": ["coding"], "machine": "here-1", "pid": 4711,
    "processes": 2, "jobs": [12], "seen_at": "2026-11-24T19:00:00Z",
}  # fmt: skip


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """A Hive that gives these answers in turn; what it was asked."""

    def start(*answers: httpx.Response) -> list[httpx.Request]:
        made, asked = api(*answers)
        for module in (many, queue, worker):
            monkeypatch.setattr(module, "Api", lambda: made)
        return asked

    return start


def ok(body: Any) -> httpx.Response:
    return httpx.Response(200, json=body)


def page(*rows: Any) -> httpx.Response:
    return ok({"results": rows, "next": None})


def sent(request: httpx.Request) -> Any:
    return request.url.path.removeprefix("/api/v1/"), json.loads(request.content or b"{}")


def test_queues_are_listed(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    serve(page(QUEUE))
    assert main(["queue", "list"]) == 0
    paused = "paused since 2026-11-24T19:00:00Z by ann: New disk"
    assert capsys.readouterr().out == f"coding\t3\t1\tnobody\t{paused}\n"


def test_a_queue_is_paused_for_a_while(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    asked = serve(ok(QUEUE))
    assert main(["queue", "pause", "coding", "--reason", "New disk", "--for", "2h"]) == 0
    path, body = sent(asked[0])
    until = datetime.fromisoformat(body.pop("until")) - datetime.now(UTC)
    assert (path, body) == ("admin/queues/coding/pause", {"reason": "New disk"})
    assert timedelta(hours=1, minutes=59) < until <= timedelta(hours=2)
    assert "3 due, 1 running" in capsys.readouterr().out


def test_a_worker_that_is_not_there_is_told_with_the_nearest(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    serve(page(WORKER))
    assert main(["worker", "drain", "biuld@here"]) == 2
    assert "Did you mean build@here?" in capsys.readouterr().err


def test_drain_waits_until_the_worker_does_nothing(
    serve: Serve, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LOOK_S", 0)
    draining = {**WORKER, "state": "draining", "left_without": ["coding"]}
    drained = {**WORKER, "state": "drained", "jobs": []}
    asked = serve(page(WORKER), ok(draining), page(draining), page(drained))
    assert main(["worker", "drain", "build@here", "--wait"]) == 0
    assert sent(asked[1])[0] == "admin/workers/7/drain"
    told = capsys.readouterr()
    assert told.out.splitlines() == ["build@here takes no more; it is finishing 1 jobs (12).", "build@here is drained."]
    assert told.err == "Nobody else takes from: coding.\n"


def test_runs_that_are_named_are_canceled_one_by_one(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    refused = httpx.Response(409, json={"detail": "Run 4 has ended."})
    asked = serve(ok({"status": "running"}), refused, ok({"status": "canceled"}))
    assert main(["cancel", "3", "4", "5"]) == 1
    assert [sent(one)[0] for one in asked] == ["runs/3/cancel", "runs/4/cancel", "runs/5/cancel"]
    told = capsys.readouterr()
    assert told.out.splitlines() == ["Run 3 is being canceled.", "Run 5 is canceled."]
    assert told.err == "Run 4: Run 4 has ended.\n"


def test_what_failed_lately_is_retried(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    asked = serve(ok({"done": 1, "runs": [{"run": 3, "message": "Run 9 is the same once more."}]}))
    assert main(["retry", "--failed", "--since", "2h", "--project", "site"]) == 0
    path, body = sent(asked[0])
    assert datetime.now(UTC) - datetime.fromisoformat(body.pop("since")) >= timedelta(hours=2)
    assert (path, body) == ("admin/runs/retry", {"limit": 100, "dry_run": False, "project": "site"})
    assert capsys.readouterr().out == "Run 3: Run 9 is the same once more.\n"


@pytest.mark.parametrize(
    "arguments",
    [["cancel"], ["cancel", "3", "--all"], ["cancel", "3", "--dry-run"], ["retry"], ["retry", "3", "--since", "2h"]],
)
def test_who_does_not_say_which_runs_does_nothing(
    serve: Serve, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    asked = serve()
    assert main(arguments) == 2
    assert asked == []


def test_prune_goes_on_until_nothing_is_left(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    gone = {"runs": 100, "artifacts": 200, "size_bytes": 3_000_000, "more": True}
    asked = serve(ok(gone), ok(gone), ok({**gone, "runs": 1, "more": False}))
    assert main(["prune", "--older-than", "90"]) == 0
    assert sent(asked[2])[1] == {"older_than_days": 90, "dry_run": False, "limit": 100}
    assert capsys.readouterr().out == "201 runs went, with 600 artifacts (9 MB).\n"


def test_prune_ends_where_something_holds_on_to_the_rest(serve: Serve) -> None:
    asked = serve(ok({"runs": 0, "artifacts": 0, "size_bytes": 0, "more": True}))
    assert main(["prune", "--older-than", "90"]) == 0
    assert len(asked) == 1


def test_a_dry_run_asks_once(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    serve(ok({"runs": 500, "artifacts": 0, "size_bytes": 0, "more": True}))
    assert main(["prune", "--older-than", "90", "--dry-run"]) == 0
    assert capsys.readouterr().out == "500 runs and more would go, with 0 artifacts (0 MB).\n"


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("7D", 604_800)])
def test_a_span_is_read(text: str, seconds: int) -> None:
    assert spans.read(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "0s", "2w", "1.5h", "99999999d", "٣h x"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        spans.read(text)
