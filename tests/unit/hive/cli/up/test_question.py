from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

from hive.cli.up.child import Answer, http_get
from hive.cli.up.loop import Loop
from hive.cli.up.question import Question


def serve(server: socket.socket, answers: list[bytes]) -> None:
    """Give one answer per connection, in two pieces."""

    def run() -> None:
        for answer in answers:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer[:5])
                connection.sendall(answer[5:])

    threading.Thread(target=run, daemon=True).start()


def ask(answer: Answer, until: Callable[[Question, list[bool]], bool]) -> tuple[Question, list[bool]]:
    loop, ready = Loop(), list[bool]()
    question = Question(loop, answer, lambda: ready.append(True))
    too_long = loop.after(20, lambda: ready.extend([False] * 2))
    loop.run(until=lambda: bool(ready) or until(question, ready))
    too_long.cancel()
    question.close()
    return question, ready


def test_it_asks_until_the_expected_answer_comes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        busy = b"HTTP/1.1 503 Service Unavailable\r\n\r\nthe broker sleeps"
        serve(server, [busy, b"", b"HTTP/1.1 200 OK\r\n\r\n"])
        question, ready = ask(http_get("127.0.0.1", port, "/readyz", "x"), lambda *_: False)
    assert ready == [True]
    assert question.last_answer == "no answer"


def test_of_a_refusal_it_keeps_the_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        serve(server, [b"HTTP/1.1 503 Service Unavailable\r\nX: y\r\n\r\nthe broker\n sleeps"] * 3)
        answer = http_get("127.0.0.1", port, "/readyz", "x")
        question, _ = ask(answer, lambda question, _: question.last_answer != "no answer")
    assert question.last_answer == "HTTP/1.1 503 Service Unavailable the broker sleeps"


def test_nobody_there_yet_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "s"
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def come(question: Question, _: list[bool]) -> bool:
        if "No such file" in question.last_answer and not path.exists():
            server.bind(str(path))
            server.listen()
        return False

    with server:
        _, ready = ask(Answer(str(path)), come)
    assert ready == [True]


def test_accepting_is_enough_where_nothing_is_expected() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        _, ready = ask(Answer(server.getsockname()[:2]), lambda *_: False)
    assert ready == [True]


def test_closed_it_asks_no_more() -> None:
    loop = Loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        question = Question(loop, Answer(server.getsockname()[:2], b"?", b"!"), lambda: None)
        question.close()
        over = list[bool]()
        loop.after(0.2, lambda: over.append(True))
        loop.run(until=lambda: bool(over))
        server.settimeout(0)
        try:
            server.accept()
        except BlockingIOError:
            return
    raise AssertionError("it asked after it was closed")
