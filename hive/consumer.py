"""What Hive changes in how a worker takes messages."""

from __future__ import annotations

from typing import Any, ClassVar

from celery.worker.consumer import Consumer as CeleryConsumer


class Consumer(CeleryConsumer):
    """Without the 28 queues and 28 exchanges that Celery declares on RabbitMQ for messages that are to wait: Hive sends
    none that are, and on quorum queues every worker would spend seconds on them at each start.
    """

    class Blueprint(CeleryConsumer.Blueprint):  # type: ignore[misc, valid-type]
        default_steps: ClassVar[list[Any]] = [
            step for step in CeleryConsumer.Blueprint.default_steps if not str(step).endswith(":DelayedDelivery")
        ]
