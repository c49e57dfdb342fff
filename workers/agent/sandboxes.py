"""The sandbox that an order asks for: the same on a Celery worker's machine and on an agent's."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from apps.fleet.order import Order
from workers.sandbox import Sandbox, best_kind, open_sandbox
from workers.sandbox.docker.engine import Engine
from workers.sandbox.port import Limits


def sandbox_for(
    order: Order, *, usual: str, scratch: Path, label: str, engine: Engine
) -> AbstractContextManager[Sandbox]:
    """A fresh one. `usual`: the kind of an order that names neither a kind nor an image; empty: the best there is."""
    bounds = order.bounds
    limits = Limits(
        cpus=bounds.cpus,
        memory_bytes=bounds.memory_bytes,
        processes=bounds.processes,
        disk_bytes=bounds.disk_bytes,
        network=order.network,
    )
    kind = order.sandbox or ("docker" if order.image else usual) or best_kind()
    return open_sandbox(kind, scratch=scratch, label=label, limits=limits, engine=engine, image=order.image)
