"""CalledModel: the Model port over litellm: endpoints in order, attempts at each, every one of them budgeted."""

from __future__ import annotations

import time
from collections.abc import Sequence

from workers.llm.budget import Ask, Budget
from workers.llm.calling.assembly import Assembly
from workers.llm.calling.attempt import Attempt, Canceling
from workers.llm.calling.patience import Patience
from workers.llm.calling.prices import max_output, price_of
from workers.llm.calling.tally import Tally, guess
from workers.llm.calling.wire import size_bytes
from workers.llm.endpoint import Endpoint
from workers.llm.port import (
    HEARTBEAT_S,
    ContextTooLong,
    Delta,
    Kind,
    Message,
    ModelError,
    OnDelta,
    Reply,
    Tool,
    Usage,
    ignore,
)


class CalledModel:
    """See port.Model. The first endpoint is asked; the others, in order, when it fails for good."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        budget: Budget,
        *,
        patience: Patience | None = None,
        heartbeat_s: float = HEARTBEAT_S,
        tally: Tally | None = None,
    ) -> None:
        if not endpoints:
            raise ValueError("A model needs an endpoint.")
        self.name = endpoints[0].model
        self._endpoints = tuple(endpoints)
        self._budget = budget
        self._patience = patience or Patience()
        self._heartbeat_s = heartbeat_s
        self._canceling = Canceling()
        self._tally = tally or Tally()

    def cancel(self, why: str) -> None:
        self._canceling.ask(why)

    def reply(self, messages: Sequence[Message], tools: Sequence[Tool] = (), on_delta: OnDelta = ignore) -> Reply:
        began = time.monotonic()
        failures: list[ModelError] = []
        for endpoint in self._endpoints:
            try:
                return self._ask(endpoint, messages, tools, on_delta, began)
            except ModelError as error:
                failures.append(error)
        raise _sum_up(failures)

    def _ask(
        self, endpoint: Endpoint, messages: Sequence[Message], tools: Sequence[Tool], on_delta: OnDelta, began: float
    ) -> Reply:
        """Ask one endpoint until it answers, or is given up."""
        attempt = 0
        while True:
            attempt += 1
            self._canceling.check()
            try:
                return self._call(Attempt(endpoint, on_delta, began, self._heartbeat_s), messages, tools, began)
            except ContextTooLong:
                raise
            except ModelError as error:
                wait_s = self._patience.wait_s(attempt, error)
                if wait_s is None:
                    why = self._patience.why_no_more(attempt, error)
                    raise ModelError(
                        f"{error} ({why})", permanent=error.permanent, retry_after_s=error.retry_after_s
                    ) from error
                self._wait(wait_s, f"{error} Asking again", on_delta, began)

    def _wait(self, wait_s: float, why: str, on_delta: OnDelta, began: float) -> None:
        """Between attempts: what was told is void, and it still beats."""
        until = time.monotonic() + wait_s
        on_delta(Delta(Kind.AGAIN, f"{why} in {wait_s:.1f} s.", time.monotonic() - began))
        while (left_s := until - time.monotonic()) > 0:
            self._canceling.sleep(min(left_s, self._heartbeat_s * 0.9))
            on_delta(Delta(Kind.WAITING, f"{why}.", time.monotonic() - began))

    def _call(self, attempt: Attempt, messages: Sequence[Message], tools: Sequence[Tool], began: float) -> Reply:
        """One attempt, reserved before and settled or released after, however it ends."""
        endpoint = attempt.endpoint
        reserved = self._budget.reserve(self._most(endpoint, messages, tools))
        booked = False
        try:
            assembly = attempt.run(messages, tools, self._canceling)
            usage = _usage(endpoint, assembly, messages, tools)
            self._budget.settle(reserved, usage)
            booked = True
        finally:
            if not booked and attempt.assembly.received_bytes:
                self._budget.settle(reserved, _guess(endpoint, attempt.assembly, messages, tools))
            elif not booked:
                self._budget.release(reserved)
        if not usage.estimated:
            self._tally.counted(endpoint.model, messages, tools, usage.input_tokens)
        took_s = time.monotonic() - began
        return Reply(assembly.text, assembly.tool_calls, assembly.finish, usage, endpoint.model, took_s)

    def _most(self, endpoint: Endpoint, messages: Sequence[Message], tools: Sequence[Tool]) -> Ask:
        read = self._tally.most(endpoint.model, messages, tools)
        written = max_output(endpoint)
        price = price_of(endpoint)
        return Ask(endpoint.model, read + written, price.micros(read, written) if price else None)


def _usage(endpoint: Endpoint, assembly: Assembly, messages: Sequence[Message], tools: Sequence[Tool]) -> Usage:
    """As the provider counted it; a guess where it did not."""
    said = assembly.usage
    if said is None or not said.prompt_tokens:
        return _guess(endpoint, assembly, messages, tools)
    price = price_of(endpoint)
    cost = price.micros(said.prompt_tokens, said.completion_tokens, said.cached_tokens) if price else None
    return Usage(said.prompt_tokens, said.completion_tokens, said.cached_tokens, cost)


def _guess(endpoint: Endpoint, assembly: Assembly, messages: Sequence[Message], tools: Sequence[Tool]) -> Usage:
    """Of a reply that broke off, or whose provider does not count: it read everything, and wrote what arrived."""
    read, written = guess(size_bytes(messages, tools)), guess(assembly.received_bytes)
    price = price_of(endpoint)
    return Usage(read, written, 0, price.micros(read, written) if price else None, estimated=True)


def _sum_up(failures: Sequence[ModelError]) -> ModelError:
    """One error for all endpoints. Where one of them only needs a shorter conversation, that is what helps."""
    said = " ".join(str(error) for error in failures)
    if any(isinstance(error, ContextTooLong) for error in failures):
        return ContextTooLong(said)
    waits = [error.retry_after_s for error in failures if error.retry_after_s is not None]
    permanent = all(error.permanent for error in failures)
    return ModelError(said, permanent=permanent, retry_after_s=min(waits, default=None))
