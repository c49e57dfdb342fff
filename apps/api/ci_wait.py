"""A status that is asked to wait: answered in the event loop, so that who waits holds no thread and no connection."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from apps.events import wake
from apps.events.queries import last_number
from apps.events.stream import TooManyReaders, current_hub, follow, read_pool
from apps.events.stream.frames import event_frames
from apps.runs.models import Run
from apps.runs.states import RUN_ENDED

LOOK_S = 1.0


async def answer_later(run_id: int, wait_s: float, after: int | None, show: Callable[[], Any]) -> AsyncIterator[bytes]:
    """The JSON of `show()` once something has happened after event `after` (None: once the run has ended), or in time.

    Where this server has no room for one who waits, the answer comes at once: the asker asks again.
    """
    until = time.monotonic() + wait_s
    has_ended = Run.objects.filter(pk=run_id, status__in=RUN_ENDED).exists
    start = after if after is not None else await read_pool.run(last_number, run_id)
    load = partial(event_frames, run_id, has_ended=has_ended)
    stream = follow(current_hub(), wake.run_channel(run_id), load, start, until_end=True, idle_s=LOOK_S)
    try:
        async with aclosing(stream) as batches:
            async for pieces in batches:
                if (pieces and after is not None) or time.monotonic() >= until:
                    break
    except TooManyReaders:
        pass
    shown = await read_pool.run(show)
    yield json.dumps(shown, cls=DjangoJSONEncoder).encode()
