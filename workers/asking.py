"""A model for a job: as configured for its role, held to the budget of its run, told of in its events.

Joins what may not know each other: workers.llm, which has no records, and the records of what is configured and spent.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from apps.events.models import EventType
from apps.providers.configured import Configured, choose
from apps.providers.reading import BadModels
from apps.runs.outcome import JobFailed
from apps.runs.services.active import ActiveJob
from apps.runs.spending import spend
from apps.runs.spending.explain import Exhausted
from apps.runs.spending.models import ModelCall
from apps.runs.states import Reason
from workers.llm.apart.line import begin as begin_import
from workers.llm.budget import Ask, BudgetExhausted, Reservation
from workers.llm.calling import CalledModel, Tally
from workers.llm.endpoint import Endpoint, Price
from workers.llm.gateway import Gateway
from workers.llm.gateway.tools import Tools
from workers.llm.port import Model, Usage
from workers.telling import Telling


def model_for(job: ActiveJob, role: str = "") -> Model:
    """The model that the role asks; the job's own role where none is given. It is canceled when the job is to stop.

    Raises JobFailed where none is configured, or the configuration cannot be read.
    """
    model = CalledModel(endpoints_for(role or job.row.role), JobBudget(job))
    begin_import()
    job.on_stop(lambda stop: model.cancel(stop.message))
    return model


@contextmanager
def gateway_for(
    job: ActiveJob,
    role: str = "",
    *,
    listener: socket.socket | None = None,
    on_failure: Callable[[Exception], None] = lambda _error: None,
    tools: Tools | None = None,
) -> Iterator[Gateway]:
    """The role's models for a program of the job's own, on loopback; each request is a step of the run's budget.

    It dies with the job: its key opens nothing afterwards, and a request that waits is answered with an error.
    """
    endpoints, budget, tally = endpoints_for(role or job.row.role), JobBudget(job), Tally()
    begin_import()
    gateway = Gateway(
        lambda: CalledModel(endpoints, budget, tally=tally),
        mask=job.masked,
        before=budget.step,
        telling=lambda: Telling(job),
        on_failure=on_failure,
        done=lambda: connection.close(),  # of the request's own thread: not a method that is bound here
        listener=listener,
        tools=tools,
    )
    job.on_stop(lambda stop: gateway.close(stop.message))
    with gateway:
        yield gateway


def endpoints_for(role: str) -> list[Endpoint]:
    """The role's models, in the order in which they are asked. Raises JobFailed."""
    try:
        found = choose(role)
    except BadModels as error:
        raise JobFailed(Reason.SCRIPT_FAILED, f"The models are not configured well. {error}") from error
    if not found:
        message = f"No model is configured for {role}. Set HIVE_MODEL=provider/name, or see docs/models.md."
        raise JobFailed(Reason.SCRIPT_FAILED, message)
    return [_endpoint(one) for one in found]


def _endpoint(one: Configured) -> Endpoint:
    price = Price(*one.price) if one.price else None
    return Endpoint(one.model, one.api_key, one.api_base, price, one.max_output_tokens, one.stall_s)


class JobBudget:
    """See budget.Budget. Every call of the job is a row, and an event when it begins and when it has ended."""

    def __init__(self, job: ActiveJob) -> None:
        self._job = job
        self._calls: dict[int, ModelCall] = {}

    def reserve(self, ask: Ask) -> Reservation:
        with _exhausted():
            call = spend.reserve(self._job, ask.model, ask.tokens, ask.cost_micros)
        self._calls[call.pk] = call
        self._tell(call, state="asked", most_tokens=ask.tokens, most_usd=_usd(ask.cost_micros))
        return Reservation(call.pk, ask)

    def settle(self, reservation: Reservation, usage: Usage) -> None:
        call = self._calls.pop(reservation.id)
        used = spend.Used(
            usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.cost_micros, usage.estimated
        )
        spend.settle(call, used)
        tokens = {"input_tokens": used.input_tokens, "output_tokens": used.output_tokens}
        self._tell(call, state="answered", **tokens, usd=_usd(used.micros), estimated=used.estimated)

    def release(self, reservation: Reservation) -> None:
        call = self._calls.pop(reservation.id)
        spend.release(call)
        self._tell(call, state="gave_nothing")

    def step(self) -> None:
        with _exhausted():
            spend.take_step(self._job)

    def _tell(self, call: ModelCall, **data: Any) -> None:
        self._job.emit(EventType.MODEL, call=call.pk, model=call.model, **data)


@contextmanager
def _exhausted() -> Iterator[None]:
    try:
        yield
    except Exhausted as error:
        raise BudgetExhausted(str(error), error.limit) from error


def _usd(micros: int | None) -> float | None:
    """Null where the model's price is unknown."""
    return None if micros is None else micros / 1_000_000
