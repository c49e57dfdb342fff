"""What an agent's log says of a server that is away."""

from __future__ import annotations

import httpx
import pytest

from workers.agent.line import REMIND_S, Line
from workers.agent.server import Away, Server


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name == "workers.agent.line"]


def test_a_server_that_is_away_is_told_once_then_now_and_then_and_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [0.0]
    line = Line("http://hive", lambda: now[0])
    line.back()
    for _ in range(1000):
        line.lost("refused")
        now[0] += 1.0
    line.back()
    line.back()
    first, *reminders, last = said(caplog)
    assert first == "action=away http://hive does not answer (refused); it is asked until it does"
    assert len(reminders) == 1000 // REMIND_S
    assert "for 300 s" in reminders[0]
    assert last == "action=back http://hive answers again after 1000 s"


def test_no_connection_and_a_proxy_whose_server_is_down_are_both_said(caplog: pytest.LogCaptureFixture) -> None:
    answers = [httpx.ConnectError("Connection refused"), httpx.Response(200, json={"token": "t"}), httpx.Response(502)]

    def hive(_: httpx.Request) -> httpx.Response:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    server = Server("http://hive", transport=httpx.MockTransport(hive))
    with pytest.raises(Away):
        server.register({})
    server._send("GET", "/x")
    server._send("GET", "/x")
    assert [line.split()[0] for line in said(caplog)] == ["action=away", "action=back", "action=away"]
    assert "Connection refused" in said(caplog)[0]
