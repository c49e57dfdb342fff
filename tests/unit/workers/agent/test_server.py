"""The agent's calls: tokens are renewed, and each failure says who must act."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from workers.agent.credential import Credential
from workers.agent.server import Away, Gone, NotAllowed, Refused, Server, patiently


class Hive:
    """Answers from a list; afterwards 200."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.asked: list[tuple[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.url.path.removeprefix("/api/v1"), request.headers.get("Authorization", "")))
        if request.url.path.endswith("/agent/token"):
            return httpx.Response(200, json={"token": f"t{len(self.asked)}"})
        status = self.statuses.pop(0) if self.statuses else 200
        return httpx.Response(status, json={"detail": "because"})


def server(hive: Any) -> Server:
    made = Server("http://hive", transport=httpx.MockTransport(hive))
    made.use(Credential("http://hive", 1, "c"))
    return made


def test_a_token_is_fetched_before_the_first_call_and_again_when_it_is_not_taken() -> None:
    hive = Hive(401)
    server(hive).call("GET", "/jobs/next")
    assert hive.asked == [
        ("/agent/token", ""),
        ("/jobs/next", "Bearer t1"),
        ("/agent/token", ""),
        ("/jobs/next", "Bearer t3"),
    ]


@pytest.mark.parametrize(
    ("status", "error"),
    [(500, Away), (503, Away), (429, Away), (404, Gone), (409, Gone), (422, Refused), (413, Refused)],
)
def test_a_failure_says_who_must_act(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="because"):
        server(Hive(status)).call("GET", "/x")


def test_a_server_that_is_away_is_asked_again_with_growing_pauses() -> None:
    pauses: list[float] = []
    here = server(Hive(503, 503, 503))
    patiently(lambda: here.call("GET", "/x"), lambda: False, pauses.append)
    assert len(pauses) == 3
    assert pauses[0] <= 0.25 < pauses[2]


def test_a_final_word_is_said_until_it_is_heard_also_hours_later() -> None:
    pauses: list[float] = []

    def back() -> int:
        return 503 if sum(pauses) < 3 * 3600 else 200

    hive = lambda request: httpx.Response(back(), json={"token": "t", "detail": "away"})  # noqa: E731
    here = server(hive)
    answer = patiently(lambda: here.call("PUT", "/jobs/1/status"), lambda: False, pauses.append)
    assert answer.status_code == 200
    assert all(15 <= pause <= 30 for pause in pauses[7:])
    assert len({round(pause, 3) for pause in pauses[7:]}) > 100, "a fleet would come back at once"


def test_nobody_waits_who_has_given_up() -> None:
    with pytest.raises(Away):
        patiently(lambda: server(Hive(503)).call("GET", "/x"), lambda: True)


def test_a_revoked_agent_is_told_so() -> None:
    with pytest.raises(NotAllowed):
        server(lambda request: httpx.Response(401, json={"detail": "revoked"})).call("GET", "/x")


def test_a_signed_link_gets_no_token() -> None:
    hive = Hive()
    server(hive).put("http://hive/store/x", b"data", 4)
    assert hive.asked == [("/store/x", "")]
