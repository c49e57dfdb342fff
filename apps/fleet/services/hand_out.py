"""hand_out(): the order of a job that an agent has just begun, with what is secret in it."""

from __future__ import annotations

from collections.abc import Callable

from apps.fleet.order import Order
from apps.fleet.orders import NoOrder, handed_out, order_of
from apps.projects.secrets import SecretError
from apps.runs.models import Job
from apps.runs.outcome import failed
from apps.runs.services.active import ActiveJob
from apps.runs.services.finish import finish
from apps.runs.states import Reason


class Undeliverable(Exception):
    """There is no order for this job, or a secret of it is missing; it has failed."""


def hand_out(job: Job, absolute: Callable[[str], str]) -> Order:
    """The whole order. What can be described to nobody ends the job, for good. Raises Undeliverable."""
    try:
        return handed_out(job, order_of(job), absolute)
    except (NoOrder, SecretError) as error:
        finish(ActiveJob(job), failed(Reason.INVALID_SPEC, str(error)), epoch=-1)
        raise Undeliverable(str(error)) from None
