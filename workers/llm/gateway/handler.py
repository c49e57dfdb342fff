"""One request to the gateway: who asks, what, and the answer whole or as a stream.

A streamed answer is sent as it is written. One that breaks off is asked again, and the client reads that it begins
anew; tool calls are sent when the answer is complete, so nobody runs the half of one. While nothing arrives, comments
keep the connection alive.
"""

from __future__ import annotations

import hmac
import json
import logging
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from workers.llm.budget import BudgetExhausted
from workers.llm.gateway import shapes
from workers.llm.gateway.tools import PATH, Tools
from workers.llm.port import ContextTooLong, Delta, Kind, ModelCanceled, ModelError

if TYPE_CHECKING:
    from workers.llm.gateway.server import Gateway

logger = logging.getLogger(__name__)

MODEL = "hive"  # the one model that it has: which one answers is Hive's business
ANEW = "\n\n[This answer broke off here. It begins anew:]\n\n"
LARGEST_BYTES = 32 * 1024 * 1024


class Handler(BaseHTTPRequestHandler):
    """`gateway` is set by whoever makes the server."""

    gateway: Gateway
    protocol_version = "HTTP/1.1"
    timeout = 60  # for a client that says nothing

    def do_GET(self) -> None:
        if not self._may():
            return self._refuse(401, "invalid_api_key", "This key is not the one of this job.")
        if self.path.partition("?")[0] == "/v1/models":
            return self._json(200, shapes.models(MODEL))
        return self._refuse(404, "not_found", "Use GET /v1/models or POST /v1/chat/completions.")

    def do_POST(self) -> None:
        if not self._may():
            return self._refuse(401, "invalid_api_key", "This key is not the one of this job.")
        path = self.path.partition("?")[0]
        tools = self.gateway.tools if path == PATH else None
        if path != "/v1/chat/completions" and tools is None:
            return self._refuse(404, "not_found", "Use GET /v1/models or POST /v1/chat/completions.")
        size = self.headers.get("Content-Length", "")
        if not size.isdecimal() or int(size) > LARGEST_BYTES:
            return self._refuse(413, "too_large", "Send a body of at most 32 MiB, with its Content-Length.")
        if tools is not None:
            return self._use(tools, self.rfile.read(int(size)))
        try:
            asked = shapes.read(self.rfile.read(int(size)), self.gateway.mask)
        except shapes.BadRequest as error:
            return self._refuse(400, "invalid_request_error", str(error))
        try:
            return self._answer(asked)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            self.close_connection = True  # the client left; what it asked for is paid
        finally:
            self.gateway.done()

    def _use(self, tools: Tools, body: bytes) -> None:
        """What asks for no answer is told that it was heard."""
        try:
            answer = tools.answer(body)
            if answer is not None:
                return self._json(200, answer)
            self.send_response(202)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            self.gateway.done()

    def _answer(self, asked: shapes.Asked) -> None:
        self._streaming = False
        self._sent = ""  # of the text of this answer
        try:
            reply = self.gateway.reply(asked, self._tell if asked.stream else _nothing)
        except BudgetExhausted as error:
            return self._fail(402, "budget_exhausted", str(error))
        except ContextTooLong as error:
            return self._fail(400, "context_length_exceeded", str(error))
        except ModelError as error:
            return self._fail(400 if error.permanent else 503, "model_error", str(error))
        except ModelCanceled as error:
            return self._fail(503, "canceled", str(error))
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception:
            logger.exception("action=gateway a request failed")
            return self._fail(500, "internal", "Hive's gateway failed; its log says how.")
        if not asked.stream:
            return self._json(200, shapes.whole(reply, MODEL))
        self._begin()
        rest = reply.text.removeprefix(self._sent)
        for chunk in shapes.chunks(reply, rest, MODEL):
            self._event(json.dumps(chunk))
        return self._end()

    def _may(self) -> bool:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), self.gateway.key.encode())

    def _tell(self, delta: Delta) -> None:
        """Text as it comes; else the client hears that somebody is there."""
        if delta.kind is Kind.TEXT and delta.text:
            self._begin()
            self._event(json.dumps(shapes.text_chunk(delta.text, MODEL)))
            self._sent += delta.text
        elif delta.kind in (Kind.WAITING, Kind.AGAIN):
            self._begin()
            self._chunk(b": waiting\n\n")
            if delta.kind is Kind.AGAIN and self._sent:
                self._event(json.dumps(shapes.text_chunk(ANEW, MODEL)))
                self._sent = ""

    def _begin(self) -> None:
        if not self._streaming:
            self._streaming = True
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()

    def _event(self, data: str) -> None:
        self._chunk(f"data: {data}\n\n".encode())

    def _end(self) -> None:
        self._event("[DONE]")
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()

    def _fail(self, status: int, kind: str, message: str) -> None:
        """As a status; where a stream has begun, as its last event, without [DONE]: nobody takes that for an answer."""
        if not self._streaming:
            return self._refuse(status, kind, message)
        self._event(json.dumps(shapes.error(kind, message)))
        self._chunk(b"")
        self.close_connection = True
        return None

    def _refuse(self, status: int, kind: str, message: str) -> None:
        self.close_connection = True  # its body may not have been read
        self._json(status, shapes.error(kind, message))

    def _json(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Calls are events of the job."""


def _nothing(delta: Delta) -> None:
    """A client that waits for the whole hears nothing before."""
