"""The process behind s3.py: a gate that checks what clients have signed, and moto's server behind it.

Started with the key and the secret that may come in. Prints its port; then does what it is told on standard input,
and ends with it.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, quote, urlencode

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

Environ = dict[str, Any]
Answer = Iterable[bytes]
SKEW = timedelta(minutes=15)


class Refused(Exception):
    """The code that S3 answers with."""


class Signed(S3SigV4Auth):
    """What the signature must be of a request that says of itself which payload hash and headers were signed."""

    def __init__(self, credentials: Credentials, region: str, payload: str) -> None:
        super().__init__(credentials, "s3", region)
        self._payload = payload

    def payload(self, request: AWSRequest) -> str:
        return self._payload

    def sign(self, request: AWSRequest, at: str) -> str:
        request.context["timestamp"] = at
        return self.signature(self.string_to_sign(request, self.canonical_request(request)), request)


class Gate:
    """A WSGI application around another."""

    def __init__(self, app: Callable[..., Answer], key: str, secret: str) -> None:
        self._app = app
        self._credentials = Credentials(key, secret)
        self.failures = self.lost = 0

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Answer:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        if self.failures:
            self.failures -= 1
            return _refuse(environ, start, "503 Slow Down", "SlowDown")
        try:
            self._check(environ, body)
        except Refused as refused:
            return _refuse(environ, start, "403 Forbidden", str(refused))
        if self.lost and environ["REQUEST_METHOD"] == "POST" and "uploadId=" in environ["QUERY_STRING"]:
            self.lost -= 1
            b"".join(self._app(environ, lambda *_: None))
            return _refuse(environ, start, "503 Slow Down", "SlowDown")
        return self._app(environ, start)

    def _check(self, environ: Environ, body: bytes) -> None:
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        if "X-Amz-Signature" in query:
            self._check_link(environ, query)
        elif environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4-HMAC-SHA256 "):
            self._check_headers(environ, body)
        else:
            raise Refused("AccessDenied")

    def _check_link(self, environ: Environ, query: dict[str, str]) -> None:
        begun = _moment(query["X-Amz-Date"])
        if datetime.now(UTC) > begun + timedelta(seconds=int(query["X-Amz-Expires"])):
            raise Refused("ExpiredToken")
        rest = [(name, value) for name, value in _query(environ) if name != "X-Amz-Signature"]
        headers = query["X-Amz-SignedHeaders"].split(";")
        self._compare(environ, rest, headers, query["X-Amz-Credential"], query["X-Amz-Date"], query["X-Amz-Signature"])

    def _check_headers(self, environ: Environ, body: bytes) -> None:
        words = environ["HTTP_AUTHORIZATION"].removeprefix("AWS4-HMAC-SHA256 ").split(",")
        said = dict(word.strip().split("=", 1) for word in words)
        at = environ["HTTP_X_AMZ_DATE"]
        if abs(datetime.now(UTC) - _moment(at)) > SKEW:
            raise Refused("RequestTimeTooSkewed")
        payload = environ["HTTP_X_AMZ_CONTENT_SHA256"]
        if payload not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            raise Refused("XAmzContentSHA256Mismatch")
        headers = said["SignedHeaders"].split(";")
        self._compare(environ, _query(environ), headers, said["Credential"], at, said["Signature"], payload)

    def _compare(
        self,
        environ: Environ,
        query: list[tuple[str, str]],
        headers: list[str],
        credential: str,
        at: str,
        signature: str,
        payload: str = "UNSIGNED-PAYLOAD",
    ) -> None:
        key, day, region, *_ = credential.split("/")
        if key != self._credentials.access_key or day != at[:8] or "host" not in headers:
            raise Refused("InvalidAccessKeyId")
        asked = urlencode(query, quote_via=quote, safe="~")
        url = f"http://{environ['HTTP_HOST']}{environ['RAW_URI'].partition('?')[0]}?{asked}"
        signed = {name: _header(environ, name) for name in headers}
        request = AWSRequest(method=environ["REQUEST_METHOD"], url=url.rstrip("?"), headers=signed)
        if not hmac.compare_digest(Signed(self._credentials, region, payload).sign(request, at), signature):
            raise Refused("SignatureDoesNotMatch")


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _query(environ: Environ) -> list[tuple[str, str]]:
    return parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)


def _header(environ: Environ, name: str) -> str:
    variable = name.upper().replace("-", "_")
    return environ.get(variable if variable in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{variable}") or ""


def _refuse(environ: Environ, start: Callable[..., Any], status: str, code: str) -> Answer:
    start(status, [("Content-Type", "application/xml")])
    body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body.encode()]


class Quiet(MotoRequestHandler):
    """Says nothing of what it is asked. Knows its connections: they are kept, and would outlive the listener."""

    open: ClassVar[set[socket.socket]] = set()

    def setup(self) -> None:
        super().setup()
        self.open.add(self.connection)

    def finish(self) -> None:
        self.open.discard(self.connection)
        super().finish()

    def log(self, *args: Any) -> None:
        pass


class Server:
    """Listens, or does not; what moto holds in memory stays."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.port = 0
        self._listening: BaseWSGIServer | None = None

    def back(self) -> None:
        if self._listening is None:
            server = make_server("127.0.0.1", self.port, self._gate, threaded=True, request_handler=Quiet)
            self.port = server.port
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
            self._listening = server

    def away(self) -> None:
        if self._listening is not None:
            self._listening.shutdown()
            self._listening.server_close()
            self._listening = None
            for connection in list(Quiet.open):
                with suppress(OSError):  # it has just ended by itself
                    connection.shutdown(socket.SHUT_RDWR)


def main(key: str, secret: str) -> None:
    app = DomainDispatcherApplication(create_backend_app)
    gate = Gate(app, key, secret)
    server = Server(gate)
    server.back()
    print(server.port, flush=True)
    for line in sys.stdin:
        word, _, number = line.strip().partition(" ")
        if word == "fail":
            gate.failures = int(number)
        elif word == "lose":
            gate.lost = int(number)
        else:
            getattr(server, word)()
        print(line.strip(), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
