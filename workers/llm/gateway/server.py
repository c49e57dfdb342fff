"""Gateway: an HTTP server on loopback that answers with a job's models, until the job has ended."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Self

from workers.llm.budget import BudgetExhausted
from workers.llm.gateway.handler import Handler
from workers.llm.gateway.shapes import Asked, Mask
from workers.llm.gateway.tools import Tools
from workers.llm.port import Delta, Model, ModelError, OnDelta, Reply, ignore


class Gateway:
    """In charge of: the address, the job's key, ending every answer when it is closed.

    Not in charge of: which model answers and what it may cost. `make_model` gives a fresh Model per request, as several
    may come at once; the budget, the retries and the fallbacks are its own. `before` is called ahead of each request
    and may raise BudgetExhausted. `telling` opens an on_delta for one request. `on_failure` hears of each request that
    got no answer. `done` is called in the request's thread when it is over (to give back a connection). `listener`: a
    socket to answer on in place of one of its own; it is closed with the gateway. `tools`: offered beside the models,
    under the same key.
    An address and a key are of no use after close(): the key is made for this gateway alone.
    """

    def __init__(  # noqa: PLR0913 - what each is for stands above
        self,
        make_model: Callable[[], Model],
        *,
        mask: Mask = str,
        before: Callable[[], None] = lambda: None,
        telling: Callable[[], AbstractContextManager[OnDelta]] = lambda: nullcontext(ignore),
        on_failure: Callable[[Exception], None] = lambda _error: None,
        done: Callable[[], None] = lambda: None,
        listener: socket.socket | None = None,
        tools: Tools | None = None,
    ) -> None:
        self.tools = tools
        self.key = secrets.token_urlsafe(32)
        self.mask = mask
        self.done = done
        self._make_model = make_model
        self._before = before
        self._telling = telling
        self._on_failure = on_failure
        self._models: set[Model] = set()
        self._lock = threading.Lock()
        self._why = ""
        self._server = _server(type("GatewayHandler", (Handler,), {"gateway": self}), listener)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=[0.05], name="hive-gateway", daemon=True
        )

    @property
    def address(self) -> str:
        """What a client is given as its base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def busy(self) -> bool:
        """Whether a model is being asked right now, or a tool."""
        return bool(self._models) or (self.tools is not None and self.tools.busy)

    def reply(self, asked: Asked, on_delta: OnDelta) -> Reply:
        """Ask a model. Raises what Model.reply raises."""

        def tell_both(delta: Delta) -> None:
            on_delta(delta)
            tell(delta)

        try:
            with self._telling() as tell:
                return self._reply(asked, tell_both)
        except (BudgetExhausted, ModelError) as error:
            self._on_failure(error)
            raise

    def _reply(self, asked: Asked, tell: OnDelta) -> Reply:
        self._before()
        model = self._make_model()
        with self._lock:
            self._models.add(model)
            why = self._why
        if why:
            model.cancel(why)
        try:
            return model.reply(asked.messages, asked.tools, tell)
        finally:
            with self._lock:
                self._models.discard(model)

    def close(self, why: str) -> None:
        """End every answer within a second, and listen no more."""
        with self._lock:
            self._why = self._why or why
            models = list(self._models)
        for model in models:
            model.cancel(why)
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(5)
        self._server.server_close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close("The job has ended.")


def _server(handler: type[Handler], listener: socket.socket | None) -> ThreadingHTTPServer:
    if listener is None:
        return ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server = ThreadingHTTPServer(listener.getsockname(), handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    return server
