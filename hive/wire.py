"""What Hive changes in how Celery sends messages: it waits for an answer, and turns priorities round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amqp.exceptions import MessageNacked
from celery.app.amqp import AMQP
from kombu.exceptions import OperationalError

CONFIRM_S = 5.0  # RabbitMQ: how long a sender waits for the answer that its message is stored


class Wire(AMQP):
    """Every message goes through here, whoever sends it: services, canvas, workers that hand on, beat."""

    def _create_task_sender(self) -> Callable[..., Any]:
        send = super()._create_task_sender()  # type: ignore[misc] # the stubs leave it out
        on_broker = rabbitmq_priority if is_rabbitmq(self.app) else _unchanged

        def send_task_message(producer: Any, name: str, message: Any, **options: Any) -> Any:
            if "priority" in options:
                options["priority"] = on_broker(options["priority"])
            try:
                return send(producer, name, message, **{"confirm_timeout": CONFIRM_S, **options})
            except MessageNacked as error:
                raise OperationalError(f"The broker did not take the message {name}.") from error

        return send_task_message


def is_rabbitmq(app: Any) -> bool:
    return str(app.conf.broker_url).partition("://")[0] in ("amqp", "amqps")


def rabbitmq_priority(priority: int) -> int:
    """Redis serves small numbers first, RabbitMQ large ones. Its quorum queues know two levels: 5 and more, or less."""
    return 9 if priority <= 0 else max(7 - priority, 0)


def _unchanged(priority: int) -> int:
    return priority
