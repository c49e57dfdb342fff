"""What Celery has to be told about each kind of broker. The reasons and the measurements stand in docs/broker.md."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from hive import env

HEARTBEAT_S = 10.0  # RabbitMQ: who was silent for two of these is gone, on either side
SILENT_S = 10.0  # how long a connection may leave unanswered what was sent on it
_SILENT_MS = int(SILENT_S * 1000)


@dataclass(frozen=True)
class Kind:
    """`acks_late`: a message is acknowledged when its work has ended, not when it begins."""

    acks_late: bool
    queue_arguments: Mapping[str, Any] | None
    transport_options: Mapping[str, Any]


_TCP = {
    socket.TCP_KEEPIDLE: 10,
    socket.TCP_KEEPINTVL: 5,
    socket.TCP_KEEPCNT: 3,
    socket.TCP_USER_TIMEOUT: _SILENT_MS,
}
REDIS = Kind(
    acks_late=False,
    queue_arguments=None,
    transport_options={
        "visibility_timeout": 3600,
        "queue_order_strategy": "priority",
        "priority_steps": [0, 3, 6],
        "sep": ":",
        "socket_timeout": SILENT_S,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "socket_keepalive_options": _TCP,
        "health_check_interval": int(SILENT_S),
        "retry_on_timeout": True,
    },
)
RABBITMQ = Kind(
    acks_late=True,
    queue_arguments={"x-queue-type": "quorum"},
    transport_options={"confirm_publish": True, "socket_settings": _TCP},
)
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "redis": REDIS,
        "rediss": REDIS,
        "redis+socket": REDIS,
        "amqp": RABBITMQ,
        "amqps": RABBITMQ,
        "memory": REDIS,  # no server at all: tests
    }
)


def kind_of(url: str) -> Kind:
    scheme = url.partition("://")[0]
    try:
        return KINDS[scheme]
    except KeyError:
        raise env.BadSetting(
            f"HIVE_BROKER_URL: {scheme!r} is not known; use redis://host:6379/0 or amqp://user:password@host:5672//."
        ) from None
