"""reserve(), settle(), release(), take_step(): the only ways in which a purse changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q

from apps.events import clock
from apps.runs.models import Job
from apps.runs.services.active import ActiveJob
from apps.runs.spending.explain import explain
from apps.runs.spending.limits import purse_of, purses_of
from apps.runs.spending.models import ModelCall, Purse
from apps.runs.spending.time import require_time


@dataclass(frozen=True)
class Used:
    """What a call really used. `micros` is None where the model's price is unknown."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    micros: int | None = None
    estimated: bool = False

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


def reserve(job: ActiveJob, model: str, tokens: int, micros: int | None) -> ModelCall:
    """Set aside the most that a call can use, in every purse or in none.

    Raises Exhausted where one of them does not hold it, LeaseLost if the job is no longer ours.
    """
    purses = purses_of(job.run)
    require_time(job.run, purses[0])
    money = micros or 0
    with job.held():
        for purse in purses:
            if not _hold(purse.pk, tokens, money):
                if reached := explain(purse.pk, tokens, money):
                    raise reached
                _hold(purse.pk, tokens, money)  # something was given back meanwhile; the purse is locked now
        return ModelCall.objects.create(
            run=job.run,
            job=job.row,
            purses=[purse.pk for purse in purses],
            model=model[:200],
            most_tokens=tokens,
            most_micros=micros,
        )


def _hold(purse_id: int, tokens: int, micros: int) -> bool:
    """The conditional UPDATE that decides it."""
    return bool(
        Purse.objects.filter(
            Q(max_calls=None) | Q(max_calls__gte=F("used_calls") + F("held_calls") + 1),
            Q(max_tokens=None) | Q(max_tokens__gte=F("used_tokens") + F("held_tokens") + tokens),
            Q(max_micros=None) | Q(max_micros__gte=F("used_micros") + F("held_micros") + micros),
            pk=purse_id,
        ).update(
            held_calls=F("held_calls") + 1,
            held_tokens=F("held_tokens") + tokens,
            held_micros=F("held_micros") + micros,
        )
    )


def settle(call: ModelCall, used: Used) -> bool:
    """Book what was used, once, and give the rest back. It was spent, whoever holds the job's lease by now."""
    with transaction.atomic():
        held = _leave(call.pk, ModelCall.State.RESERVED, ModelCall.State.SETTLED, used)
        if not held and not _leave(call.pk, ModelCall.State.RELEASED, ModelCall.State.SETTLED, used):
            return False
        _free(call, used=used, held=held)
    return True


def release(call: ModelCall) -> bool:
    """Give all of it back, once."""
    with transaction.atomic():
        if not _leave(call.pk, ModelCall.State.RESERVED, ModelCall.State.RELEASED, Used(0, 0)):
            return False
        _free(call, used=None, held=True)
    return True


def give_back(job: Job) -> None:
    """The job has ended: whatever it had set aside and not settled, its worker died over. Call in its transaction."""
    for call in ModelCall.objects.filter(job=job, state=ModelCall.State.RESERVED):
        release(call)


def take_step(job: ActiveJob) -> None:
    """Count one step of a job's loop. Raises Exhausted."""
    purse = purse_of(job.run)
    require_time(job.run, purse)
    free = Q(max_steps=None) | Q(max_steps__gt=F("used_steps"))
    with transaction.atomic():
        taken = Purse.objects.filter(free, pk=purse.pk).update(used_steps=F("used_steps") + 1)
        if not taken and (reached := explain(purse.pk, 0, 0, steps=1)):
            raise reached


def _leave(call_id: int, old: str, new: str, used: Used) -> bool:
    return bool(
        ModelCall.objects.filter(pk=call_id, state=old).update(
            state=new,
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            cached_tokens=used.cached_tokens,
            micros=used.micros if new == ModelCall.State.SETTLED else None,
            estimated=used.estimated,
            ended_at=clock.now(),
        )
    )


def _free(call: ModelCall, *, used: Used | None, held: bool) -> None:
    """Take what was held out of every purse, and put what was used in; in the order in which all purses are locked."""
    tokens, micros = (call.most_tokens, call.most_micros or 0) if held else (0, 0)
    ids: Sequence[int] = call.purses
    for purse_id in ids:
        Purse.objects.filter(pk=purse_id).update(
            held_calls=F("held_calls") - int(held),
            held_tokens=F("held_tokens") - tokens,
            held_micros=F("held_micros") - micros,
            used_calls=F("used_calls") + int(used is not None),
            used_tokens=F("used_tokens") + (used.tokens if used else 0),
            used_micros=F("used_micros") + ((used.micros or 0) if used else 0),
        )
