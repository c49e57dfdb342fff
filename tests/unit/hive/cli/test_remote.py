"""What the verbs that talk to a running Hive make of its answers."""

import io
import json
from typing import Any

import httpx
import pytest
from rich.console import Console

from hive.cli.approve import answers_to, approve
from hive.cli.failure import Failure
from hive.cli.remote import report
from hive.cli.remote.address import Address
from hive.cli.remote.api import Api, Message, Refused, parse
from hive.cli.remote.progress import Board, Line, describe
from hive.cli.run import explain, limits, read_spec


def api(*answers: httpx.Response | Exception) -> tuple[Api, list[httpx.Request]]:
    """An Api whose server gives these answers in turn; and what it was asked."""
    asked: list[httpx.Request] = []
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        following = left.pop(0)
        if isinstance(following, Exception):
            raise following
        return following

    made = Api(Address("http://hive", "hive_x_y"))
    made._client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://hive/api/v1/")
    return made, asked


def stream(text: str) -> httpx.Response:
    return httpx.Response(200, text=text)


def test_messages_of_a_stream_are_read() -> None:
    lines = iter(["retry: 1000", "", ": alive", "id: 4", "event: job", 'data: {"a":', "data: 1}", ""])
    assert list(parse(lines)) == [Message("4", "job", {"a": 1})]


def test_a_stream_that_breaks_off_is_resumed_where_it_was() -> None:
    made, asked = api(
        stream('id: 1\ndata: {"n": 1}\n\n'),
        httpx.ConnectError("away"),
        stream('id: 2\ndata: {"n": 2}\n\nid: 2\nevent: end\ndata: {}\n\n'),
    )
    assert [message.event for message in made.stream("runs/1/stream")] == ["message", "message", "end"]
    assert [request.headers.get("Last-Event-ID") for request in asked] == [None, "1", "1"]


def test_a_server_that_stays_away_is_told() -> None:
    made, _ = api(httpx.ConnectError("refused"))
    with pytest.raises(Failure, match="Hive at http://hive does not answer: refused"):
        made.get("runs/1")


def test_a_problem_is_told_in_its_own_words() -> None:
    made, _ = api(httpx.Response(404, json={"detail": "There is no run 7.", "code": "not_found"}))
    with pytest.raises(Refused, match=r"There is no run 7\."):
        made.get("runs/7")


def test_a_key_that_is_not_valid_says_what_to_do() -> None:
    made, _ = api(httpx.Response(401, json={"detail": "?"}))
    with pytest.raises(Refused, match="hive token create"):
        made.get("runs")


def test_every_page_of_a_list_is_read() -> None:
    first = {"results": [1, 2], "next": "http://hive/api/v1/runs?page=2"}
    made, _ = api(httpx.Response(200, json=first), httpx.Response(200, json={"results": [3], "next": None}))
    assert list(made.pages("runs")) == [1, 2, 3]


def test_problems_of_a_spec_are_lines_that_an_editor_can_follow() -> None:
    problems = [
        {
            "line": 2,
            "column": 1,
            "path": "titel",
            "message": "`titel` is not known here.",
            "hint": "Did you mean `title`?",
        },
        {"line": None, "column": None, "path": "tests", "message": "Missing.", "hint": None},
    ]
    told = str(explain(Refused({"detail": "2 problems", "problems": problems}), "a.yaml"))
    assert told.splitlines() == [
        "a.yaml: 2 problems",
        "  a.yaml:2:1: `titel` is not known here. Did you mean `title`?",
        "  a.yaml:tests: Missing.",
    ]


def test_a_spec_that_cannot_be_one_is_not_sent(tmp_path: Any) -> None:
    with pytest.raises(Failure, match="No such file"):
        read_spec(str(tmp_path / "nothing.yaml"))
    (tmp_path / "junk").write_bytes(b"\xff\xfe")
    with pytest.raises(Failure, match="byte 0 is not UTF-8"):
        read_spec(str(tmp_path / "junk"))


def test_an_ended_job_is_one_plain_line() -> None:
    line = Line("testing", "testing.test", "task-001", round=2, status="failed", message="red", took_s=3.25)
    assert describe(line) == "testing     test task-001, round 2    failed       3.2 s  red"


def test_the_board_shows_every_job_and_cuts_what_does_not_fit() -> None:
    board = Board({1: Line("coding", "coding.code", "a", status="running"), 2: Line("testing", "testing.test", "a")})
    board.lines[1].message = "x" * 500
    console = Console(file=io.StringIO(), width=80)
    console.print(board)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "coding" in shown
    assert "testing" in shown
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_the_report_says_what_was_proven_and_where() -> None:
    check = {"url": "http://devsite:8080/", "message": "Answered 200.", "took_ms": 12.4}
    test = {"message": "`./t`: 3 passed, 0 skipped.", "seconds": 1.5, "commit": "c" * 40}
    task = {
        "key": "a",
        "status": "deployed",
        "commit": "c" * 40,
        "evidence": {"outputs": ["/workspace/src"], "tests": [test], "checks": [check]},
    }
    made, _ = api(httpx.Response(200, json={"results": [task, {**task, "key": "b"}], "next": None}))
    told = report.text(
        made, {"id": 7, "status": "completed", "message": "", "release": {"url": "http://127.0.0.1:8080"}}
    )
    assert "a: deployed at commit cccccccccccc" in told
    assert told.count("Answered 200. (12 ms)") == 1
    assert "Site       http://127.0.0.1:8080" in told


def test_a_run_that_failed_shows_no_site() -> None:
    made, _ = api(httpx.Response(200, json={"results": [], "next": None}))
    told = report.text(made, {"id": 7, "status": "failed", "message": "red", "release": {"url": "http://old"}})
    assert "Run 7 failed: red" in told
    assert "http://old" not in told


COLOUR = [
    {"text": "Which colour?", "choices": ["red", "blue"], "required": True},
    {"text": "Anything else?", "choices": [], "required": False},
]


def test_answers_are_sent_in_their_order(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    decided = {"name": "questions", "run": 7, "status": "approved"}
    made, asked = api(httpx.Response(200, json={"questions": COLOUR}), httpx.Response(200, json=decided))
    monkeypatch.setattr("hive.cli.approve.Api", lambda: made)
    approve(3, ["red"])
    assert json.loads(asked[1].content) == {"message": "", "answers": ["red"]}
    assert "Gate 3 (questions of run 7) is approved." in capsys.readouterr().out


def test_a_required_answer_that_is_missing_is_told_with_the_questions() -> None:
    with pytest.raises(Failure, match=r"question 1:\n  1. Which colour\?\n  2. Anything else\?"):
        answers_to(COLOUR, [])
    assert answers_to(COLOUR, ["red"]) == ["red"]


def test_on_a_terminal_the_rest_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["green", "2", ""])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(typed))
    assert answers_to(COLOUR, []) == ["blue", ""]


def test_limits_of_a_run_become_its_budget() -> None:
    assert limits(0.5, ["tokens=200000", "time=1h"]) == {"usd": 0.5, "tokens": 200_000, "time": "1h"}
    assert limits(None, []) == {}


@pytest.mark.parametrize("wrong", ["euros=5", "tokens=many", "tokens"])
def test_a_limit_that_is_none_is_told(wrong: str) -> None:
    with pytest.raises(Failure, match=f"--budget {wrong}"):
        limits(None, [wrong])
