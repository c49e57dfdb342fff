"""Server: the agent's calls to Hive. Keeps the short token fresh, and says of each failure who must act."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from workers.agent.credential import Credential
from workers.agent.line import Line

T = TypeVar("T")
FRESH_S = 45 * 60.0  # by the monotonic clock: what this machine thinks of the time of day does not matter
FIRST_S, LONGEST_S = 0.25, 30.0


class ServerError(Exception):
    """A call that did not succeed."""


class Away(ServerError):
    """Hive does not answer, or not now: try again. `after_s`: not before that."""

    def __init__(self, message: str, after_s: float = 0.0) -> None:
        super().__init__(message)
        self.after_s = after_s


class Gone(ServerError):
    """The job is no longer ours (404, 409): end it and forget it."""


class Refused(ServerError):
    """Hive will not have this, however often it is sent."""


class NotAllowed(ServerError):
    """This agent was revoked, or never known."""


class Server:
    """May be used from any thread."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=f"{url}/api/v1", timeout=httpx.Timeout(30.0, connect=10.0), transport=transport
        )
        self._line = Line(url)
        self._lock = threading.Lock()
        self._credential: Credential | None = None
        self._token = ""
        self._until = 0.0
        self.url = url

    def register(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Join. The answer's token is used from now on."""
        answer = _checked(self._send("POST", "/agent/register", json=body))
        said: dict[str, Any] = answer.json()
        self.use(Credential(self.url, said["agent_id"], said["credential"]))
        self._take(said)
        return said

    def use(self, credential: Credential) -> None:
        self._credential = credential

    def renew(self, **changed: Any) -> dict[str, Any]:
        """The next short token. Raises NotAllowed, Away."""
        if self._credential is None:
            raise NotAllowed("This agent has not joined.")
        body = {"agent_id": self._credential.agent_id, "credential": self._credential.credential, **changed}
        said: dict[str, Any] = _checked(self._send("POST", "/agent/token", json=body)).json()
        self._take(said)
        return said

    def _take(self, said: Mapping[str, Any]) -> None:
        self._token, self._until = said["token"], time.monotonic() + FRESH_S

    def call(self, method: str, path: str, **given: Any) -> httpx.Response:
        """One call with a good token; a token that was not taken is renewed once. Raises ServerError."""
        with self._lock:
            if time.monotonic() > self._until:
                self.renew()
        answer = self._with_token(method, path, **given)
        if answer.status_code == 401:
            with self._lock:
                self.renew()
            answer = self._with_token(method, path, **given)
        return _checked(answer)

    def _with_token(self, method: str, path: str, headers: Mapping[str, str] | None = None, **given: Any) -> Any:
        return self._send(method, path, headers={**(headers or {}), "Authorization": f"Bearer {self._token}"}, **given)

    def _send(self, method: str, path: str, **given: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **given)
        except httpx.HTTPError as error:
            why = f"{type(error).__name__}: {error}"
            self._line.lost(why)
            raise Away(why) from None
        if answer.status_code >= 500:
            self._line.lost(f"it says {answer.status_code}")
        else:
            self._line.back()
        return answer

    def put(self, url: str, content: Any, size_bytes: int) -> None:
        """Upload to a signed link, which needs no token and must not get one. Raises Away, Refused."""
        try:
            headers = {"Content-Length": str(size_bytes)}
            answer = self._http.put(url, content=content, headers=headers, timeout=httpx.Timeout(60.0, connect=10.0))
        except httpx.HTTPError as error:
            raise Away(f"{type(error).__name__}: {error}") from None
        if answer.status_code >= 500 or answer.status_code in (408, 410, 429):
            raise Away(f"The store answered {answer.status_code}.")
        if answer.status_code >= 400:
            raise Refused(f"The store answered {answer.status_code}: {answer.text[:200]}")

    def stream(self, url: str) -> Any:
        """A download from a signed link; a context manager."""
        return self._http.stream("GET", url, follow_redirects=True, timeout=httpx.Timeout(60.0, connect=10.0))


def _checked(answer: httpx.Response) -> httpx.Response:
    status = answer.status_code
    if status < 400 or status == 416:
        return answer
    said = _detail(answer)
    if status >= 500 or status in (408, 429):
        raise Away(f"Hive answered {status}: {said}", _seconds(answer.headers.get("Retry-After", "")))
    if status in (404, 409):
        raise Gone(said)
    if status == 401 or (status == 403 and "enrol" in said):
        raise NotAllowed(said)
    raise Refused(f"{status}: {said}")


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]


def _seconds(text: str) -> float:
    return min(float(text), LONGEST_S) if text.isdecimal() else 0.0


def patiently(call: Callable[[], T], give_up: Callable[[], bool], sleep: Callable[[float], Any] = time.sleep) -> T:
    """Do it until Hive answers, with pauses that grow and differ from agent to agent. Raises the last Away if told to
    give up, and every other ServerError at once.
    """
    pause_s = FIRST_S
    while True:
        try:
            return call()
        except Away as error:
            if give_up():
                raise
            sleep(max(error.after_s, random.uniform(pause_s / 2, pause_s)))  # noqa: S311 - it hides nothing
            pause_s = min(2 * pause_s, LONGEST_S)
