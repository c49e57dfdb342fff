"""Send messages to workers, by task name. A message may be lost: the sweep finds what it would have started."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from celery import current_app
from django.db import transaction
from kombu import Queue
from kombu.exceptions import OperationalError

from apps.runs.models import Priority

logger = logging.getLogger(__name__)

ADVANCE = "manager.advance"
# One quick second try: whoever waits here may be a person's request, and the sweep repairs what is lost.
RETRY = {"max_retries": 1, "interval_start": 0.05, "interval_max": 0.1}


def on_commit(step: str, *ids: int, priority: int = Priority.NORMAL) -> None:
    """Send a message as soon as the transaction has committed, so that no worker looks for a row too early."""
    transaction.on_commit(lambda: publish(lambda: send(step, *ids, priority=priority), step, ids))


def send(step: str, *ids: int, priority: int = Priority.NORMAL) -> None:
    current_app.send_task(step, args=list(ids), priority=priority, retry_policy=RETRY)


def advance(run_id: int) -> None:
    """Have the manager look at the run, ahead of everything else in its queue: what is begun is finished first."""
    on_commit(ADVANCE, run_id, priority=Priority.HIGH)


def publish(call: Callable[[], object], what: str, ids: tuple[int, ...]) -> None:
    """Do `call`; with the broker away, say so and go on."""
    try:
        call()
    except (OperationalError, ConnectionError, OSError) as error:
        logger.warning("action=publish step=%s ids=%s broker away (%s); the sweep will publish again", what, ids, error)


def queue_is_empty(role: str) -> bool:
    """Whether the broker holds no message for this role. Raises what the broker client raises when it is away."""
    return queue_lengths([role])[role] == 0


def queue_lengths(roles: Iterable[str]) -> dict[str, int]:
    """How many messages the broker holds for each role. Raises what the broker client raises when it is away."""
    with current_app.connection_for_read() as connection, connection.channel() as channel:

        def length(role: str) -> int:
            try:
                declared: Any = Queue(role, channel=channel).queue_declare(passive=True)
            except connection.channel_errors:
                return 0  # Redis keeps no empty list: a queue without messages does not exist
            return declared.message_count

        return {role: length(role) for role in roles}
