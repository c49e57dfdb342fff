"""Attempt: ask one endpoint once, to the end of its answer; tell what arrives, and notice when nothing does."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from workers.llm.apart.failed import Failed
from workers.llm.apart.line import End
from workers.llm.calling.assembly import Assembly
from workers.llm.calling.faults import fault_of
from workers.llm.calling.prices import max_output
from workers.llm.calling.stream import Stream
from workers.llm.calling.wire import messages_of, tools_of
from workers.llm.endpoint import KEYLESS, Endpoint
from workers.llm.port import HEARTBEAT_S, Delta, Kind, Message, ModelCanceled, ModelError, OnDelta, Tool

MOST_BYTES = 16 * 1024 * 1024  # a reply beyond this is no reply


class Canceling:
    """The wish to end: seen by whoever waits, from whichever thread it comes."""

    def __init__(self) -> None:
        self.why = ""
        self._wanted = threading.Event()
        self._stream: Stream | None = None

    def ask(self, why: str) -> None:
        self.why = self.why or why
        self._wanted.set()
        if stream := self._stream:
            stream.wake(ModelCanceled(self.why))

    def watch(self, stream: Stream) -> None:
        """Wake whoever reads this stream, from now on. Raises ModelCanceled if that is wanted already."""
        self._stream = stream
        self.check()

    def unwatch(self) -> None:
        self._stream = None

    def check(self) -> None:
        if self._wanted.is_set():
            raise ModelCanceled(self.why)

    def sleep(self, seconds: float) -> None:
        """Raises ModelCanceled as soon as it is wanted."""
        self._wanted.wait(seconds)
        self.check()


class Attempt:
    """One request. `assembly` has what arrived, also when it failed half-way."""

    def __init__(self, endpoint: Endpoint, on_delta: OnDelta, began: float, heartbeat_s: float = HEARTBEAT_S) -> None:
        self.endpoint = endpoint
        self.assembly = Assembly()
        self._on_delta = on_delta
        self._began = began
        self._heartbeat_s = heartbeat_s * 0.9  # at least every 5 s, whatever a busy machine adds

    def run(self, messages: Sequence[Message], tools: Sequence[Tool], canceling: Canceling) -> Assembly:
        """Raises ModelError, ModelCanceled."""
        stream = Stream(**self._request(messages, tools))
        try:
            canceling.watch(stream)
            while not isinstance(found := self._next(stream), End):
                for delta in self.assembly.take(found):
                    self._on_delta(replace(delta, waited_s=time.monotonic() - self._began))
                if self.assembly.received_bytes > MOST_BYTES:
                    raise ModelError(f"{self.endpoint.model} did not stop: its reply has more than 16 MiB.")
        finally:
            canceling.unwatch()
            stream.close()
        if self.assembly.is_empty:
            raise ModelError(f"{self.endpoint.model} answered with nothing that can be read. Is the address right?")
        return self.assembly

    def _request(self, messages: Sequence[Message], tools: Sequence[Tool]) -> dict[str, Any]:
        endpoint = self.endpoint
        wanted: dict[str, Any] = {
            "model": endpoint.route,
            "messages": messages_of(messages),
            "tools": tools_of(tools) or None,
            "max_tokens": max_output(endpoint),
            "api_base": endpoint.api_base or None,
            "api_key": endpoint.api_key or ("none" if endpoint.api_base and endpoint.provider not in KEYLESS else None),
            "timeout": endpoint.stall_s + 60,  # never reached: _next gives up before
            "max_retries": 0,
            "num_retries": 0,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def _next(self, stream: Stream) -> Any:
        """The next chunk; a heartbeat whenever nothing came for a while; a ModelError where that went on too long."""
        since = time.monotonic()
        while True:
            left_s = since + self.endpoint.stall_s - time.monotonic()
            if left_s <= 0:
                raise ModelError(f"{self.endpoint.model} said nothing for {self.endpoint.stall_s:g} s.")
            try:
                found = stream.get(min(self._heartbeat_s, left_s))
            except queue.Empty:
                waiting = f"Waiting for {self.endpoint.model}"
                self._on_delta(Delta(Kind.WAITING, waiting, time.monotonic() - self._began))
                continue
            if isinstance(found, ModelCanceled):
                raise found
            if isinstance(found, Failed):
                raise fault_of(found, self.endpoint) from found
            return found
