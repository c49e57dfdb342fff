"""Draining: a worker that is drained stops taking messages, and takes them again when it is resumed."""

from __future__ import annotations

import logging
from typing import Any

from celery import bootsteps

logger = logging.getLogger(__name__)

LOOK_S = 0.5


class Draining(bootsteps.StartStopStep):
    """Started anew with every connection to the broker, which knows nothing of what was canceled before.

    Queues are canceled, not deselected: Celery would forget a deselected one, and not take it up again.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        self._timer: Any = None
        self._stopped = False
        super().__init__(consumer, **options)

    def start(self, consumer: Any) -> None:
        self._stopped = False
        self._timer = consumer.timer.call_repeatedly(LOOK_S, self._look, (consumer,))
        self._look(consumer)

    def stop(self, consumer: Any) -> None:  # noqa: ARG002 - Celery calls it so
        if self._timer is not None:
            self._timer.cancel()

    def _look(self, consumer: Any) -> None:
        from apps.runs.services.presence import presence

        if presence.drained == self._stopped or consumer.task_consumer is None:
            return
        self._stopped = presence.drained
        for queue in list(consumer.app.amqp.queues.consume_from):
            if self._stopped:
                consumer.task_consumer.cancel_by_queue(queue)
            else:
                consumer.add_task_queue(queue)
        logger.warning("action=drain worker=%s %s", consumer.hostname, "takes no more" if self._stopped else "goes on")
