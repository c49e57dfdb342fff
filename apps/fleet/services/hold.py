"""Drain, pause, resume and revoke agents, and what is written about them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from apps.accounts.models import User
from apps.events import clock, wake
from apps.fleet.limits import checked_tags
from apps.fleet.models import Agent, Command
from apps.fleet.services.heartbeat import tell
from apps.runs.models import Job
from apps.runs.services import dispatch
from apps.runs.services.reap import end_lost
from apps.runs.states import JobStatus

logger = logging.getLogger(__name__)

NOTE_LENGTH = 2000


class HoldRefused(ValueError):
    """A time that is over."""


def drain_agent(agent: Agent, user: User | None) -> bool:
    """It finishes what it does and takes no more, until it is resumed. False if it was drained already, or revoked."""
    with transaction.atomic():
        joined = Agent.objects.filter(pk=agent.pk, draining_at=None, revoked_at=None)
        done = joined.update(draining_at=clock.now(), draining_by=user)
        if done:
            tell(agent, Command.Kind.DRAIN)
    return _said("drain", agent, user, done)


def pause_agent(agent: Agent, user: User | None, until: datetime | None = None) -> bool:
    """It is given nothing more until then, or until it is resumed. Of a paused one, change the time.

    False if it was revoked.
    """
    now = clock.now()
    if until is not None and until <= now:
        raise HoldRefused(f"{until:%Y-%m-%d %H:%M:%S} UTC is over; name a time that is to come.")
    with transaction.atomic():
        done = Agent.objects.filter(pk=agent.pk, revoked_at=None).update(paused_at=now, paused_until=until)
        if done:
            tell(agent, Command.Kind.PAUSE)
    return _said("pause", agent, user, done)


def resume_agent(agent: Agent, user: User | None) -> bool:
    """It takes jobs again, after a drain or a pause. False if it was neither."""
    with transaction.atomic():
        held = Agent.objects.filter(pk=agent.pk, revoked_at=None).exclude(draining_at=None, paused_at=None)
        done = held.update(draining_at=None, draining_by=None, paused_at=None, paused_until=None)
        if done:
            tell(agent, Command.Kind.RESUME)
            transaction.on_commit(wake.fleet)
    return _said("resume", agent, user, done)


def revoke_agent(agent: Agent, user: User | None) -> bool:
    """It is out at once: no token of it opens anything, and what it held is lost and tried elsewhere. For good."""
    revoked = Agent.objects.filter(pk=agent.pk, revoked_at=None)
    done = revoked.update(revoked_at=clock.now(), revoked_by=user, generation=F("generation") + 1)
    if done:
        for job in Job.objects.filter(assignment__agent=agent, status=JobStatus.RUNNING).select_related("run"):
            if end_lost(job, f"Its agent {agent.name} was revoked."):
                dispatch.advance(job.run_id)
    return _said("revoke", agent, user, done)


def note_agent(agent: Agent, note: str) -> None:
    Agent.objects.filter(pk=agent.pk).update(note=note.strip()[:NOTE_LENGTH])


def tag_agent(agent: Agent, tags: Sequence[str], user: User | None) -> None:
    """What it may run from now on. Raises ValueError with a sentence."""
    Agent.objects.filter(pk=agent.pk).update(tags=checked_tags(tags))
    wake.fleet()
    _said("tag", agent, user, 1)


def _said(what: str, agent: Agent, user: User | None, done: int) -> bool:
    if done:
        logger.warning("action=%s agent=%s id=%s by=%s", what, agent.name, agent.pk, user)
    return bool(done)
