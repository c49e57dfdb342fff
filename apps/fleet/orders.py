"""Which order a job gives: who makes a kind of job that agents may do registers here how its order is written.

    ORDERS["ci.run"] = order_of_ci_job    # where the step is known, from the ready() of its app

An order names secrets and the key of its package. Values and a signed link are added when it is handed out, and only
then: no order that is stored or shown holds a secret.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from django.conf import settings

from apps.artifacts.store import store
from apps.fleet.order import Order
from apps.projects.secrets import open_secrets
from apps.runs.models import Job

ORDERS: dict[str, Callable[[Job], Order]] = {}


class NoOrder(LookupError):
    """No runner can do this job: its step is not one that is described by an order."""


def order_of(job: Job) -> Order:
    """The job's order, without the values of its secrets. Raises NoOrder."""
    try:
        write = ORDERS[job.step]
    except KeyError:
        raise NoOrder(f"{job.step} is done by Celery workers only; a task with `runs_on` cannot have it.") from None
    order = write(job)
    return replace(order, bounds=replace(order.bounds, log_bytes=settings.LOG_LIMIT_BYTES))


def with_secrets(job: Job, order: Order) -> Order:
    """With the values of the secrets that it names. Raises projects.secrets.SecretError."""
    return replace(order, secrets=open_secrets(job.run.project, list(order.secrets)))


def handed_out(job: Job, order: Order, absolute: Callable[[str], str]) -> Order:
    """As an agent gets it: with secrets, and with a link to its package. `absolute` completes the address of a path."""
    full = with_secrets(job, order)
    if full.package is None:
        return full
    link = store().link_to_get(full.package.source, settings.AGENT_LINK_S)
    return replace(full, package=replace(full.package, source=absolute(link.url)))
