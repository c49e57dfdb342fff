"""Api: Hive's HTTP API as the verbs use it. Its errors become sentences, its streams survive a lost connection."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hive.cli.failure import Failure
from hive.cli.remote.address import Address, find

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 30.0
UPLOAD_TIMEOUT_S = 900.0
GIVE_UP_S = 60.0  # without any answer from a stream's server


@dataclass(frozen=True)
class Message:
    """One message of a stream."""

    id: str
    event: str
    data: Any


class Refused(Failure):
    """The server understood, and said no. `problem` is its application/problem+json."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title") or "The server refused."))
        self.problem = problem


class Api:
    """One Hive. Use as a context manager, or let the process end close it."""

    def __init__(self, address: Address | None = None) -> None:
        import httpx

        self.address = address or find()
        headers = {"Authorization": f"Api-Key {self.address.key}", "Accept": "application/json, text/event-stream"}
        self._client: httpx.Client = httpx.Client(
            base_url=f"{self.address.url}/api/v1/", headers=headers, timeout=TIMEOUT_S, trust_env=False
        )

    def get(self, path: str, **params: Any) -> Any:
        return self._call("GET", path, params=params).json()

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        response = self._call("POST", path, json=body if body is not None else {}, headers=headers)
        return response.json() if response.content else None

    def put(self, path: str, body: Any) -> Any:
        return self._call("PUT", path, json=body).json()

    def delete(self, path: str) -> None:
        self._call("DELETE", path)

    def send(self, url: str, content: IO[bytes]) -> Any:
        """A file's bytes to a link that the server gave, at this server whatever name it has given itself."""
        path = urlsplit(url).path
        return self._call("PUT", f"{self.address.url}{path}", content=content, timeout=UPLOAD_TIMEOUT_S).json()

    def pages(self, path: str, **params: Any) -> Iterator[Any]:
        """Every result of a list, page by page."""
        page = self.get(path, **params)
        while True:
            yield from page["results"]
            if not page["next"]:
                return
            page = self._call("GET", page["next"]).json()

    def text(self, path: str) -> Iterator[bytes]:
        """A body as it comes."""
        import httpx

        try:
            with self._client.stream("GET", path, headers={"Accept": "text/plain, application/json"}) as response:
                if response.is_error:
                    response.read()
                    raise Refused(_problem(response))
                yield from response.iter_bytes()
        except httpx.HTTPError as error:
            raise self._away(error) from None

    def stream(self, path: str, after: str = "", **params: Any) -> Iterator[Message]:
        """Every message of a server-sent stream, each once, also over lost connections and restarts of the server."""
        import httpx

        heard = time.monotonic()
        while True:
            headers = {"Last-Event-ID": after} if after else {}
            try:
                with self._client.stream("GET", path, params=params, headers=headers, timeout=TIMEOUT_S) as response:
                    if response.is_error:
                        response.read()
                        if response.status_code < 500:
                            raise Refused(_problem(response))
                    for message in parse(response.iter_lines()):
                        heard = time.monotonic()
                        after = message.id or after
                        yield message
                        if message.event == "end":
                            return
            except httpx.HTTPError as error:
                if time.monotonic() - heard > GIVE_UP_S:
                    raise self._away(error) from None
            time.sleep(0.5)

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        import httpx

        try:
            response = self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            raise self._away(error) from None
        if response.is_error:
            raise Refused(_problem(response))
        return response

    def _away(self, error: Exception) -> Failure:
        return Failure(f"Hive at {self.address.url} does not answer: {error}. Look with `hive status`.")


def parse(lines: Iterator[str]) -> Iterator[Message]:
    """Server-sent events; comments and unknown fields are passed over."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name == "data" and "data" in fields else value
            continue
        if "data" in fields or fields.get("event") == "end":
            data = json.loads(fields["data"]) if fields.get("data") else None
            yield Message(fields.get("id", ""), fields.get("event", "message"), data)
        fields = {}


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {"detail": f"The server answered {response.status_code} {response.reason_phrase}."}
    if response.status_code == 401:
        problem["detail"] = (
            "The API key is not valid (any more). Make one with `hive token create`, or unset HIVE_API_KEY."
        )
    return problem
