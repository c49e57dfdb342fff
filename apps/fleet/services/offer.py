"""Offer jobs: of many agents that ask for one job, one statement decides who is offered it, and until when."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from apps.events import clock, wake
from apps.fleet.matching import free_slots, may_have, takes_jobs, waiting_for, waiting_for_any
from apps.fleet.models import Agent, Assignment
from apps.runs.states import JobStatus
from apps.sql.execute import at, execute
from apps.sql.read import Read

OFFER_S = 10.0  # time to acknowledge; then somebody else is asked
FETCHED = 50  # agents, at a time: of a thousand that wait, one job needs to know a few
AGENT = Read("FROM fleet_agent a WHERE a.id = %s", a=Agent)
OFFER = (
    "INSERT INTO fleet_assignment"
    " (job_id, agent_id, lease_token, offers, offered_at, expires_at, log_bytes, log_crc32)"
    " SELECT id, %s, %s, 1, %s, %s, 0, 0 FROM runs_job WHERE id = %s AND status = 'queued'"
    " ON CONFLICT (job_id) DO UPDATE SET agent_id = excluded.agent_id, lease_token = excluded.lease_token,"
    " offers = fleet_assignment.offers + 1, offered_at = excluded.offered_at, expires_at = excluded.expires_at"
    " WHERE fleet_assignment.acknowledged_at IS NULL AND fleet_assignment.expires_at <= excluded.offered_at"
)


@dataclass(frozen=True)
class Offer:
    """Which job, under which lease; the agent has until then to acknowledge it."""

    job_id: int
    lease: str


def offer(agent: Agent, job_id: int) -> Offer | None:
    """Offer this job to this agent. None if somebody else was offered it a moment before, or it no longer waits."""
    now, lease = clock.now(), secrets.token_hex(16)
    until = now + timedelta(seconds=OFFER_S)
    made = execute(OFFER, agent.pk, lease, at(now), at(until), job_id)
    return Offer(job_id, lease) if made == 1 else None


def offer_up_to(agent: Agent, capacity: int) -> list[Offer]:
    """As many jobs as it asks for and has slots for. Losing one to somebody else is normal."""
    if capacity < 1 or not takes_jobs(agent):
        return []
    waiting = waiting_for(agent)
    capacity = min(capacity, free_slots(agent)) if waiting else 0  # a thousand agents ask in vain all the time
    return _some((offer(agent, job_id) for job_id in waiting), capacity) if capacity else []


def _some(found: Iterable[Offer | None], capacity: int) -> list[Offer]:
    taken: list[Offer] = []
    for one in found:
        if one is not None:
            taken.append(one)
        if len(taken) == capacity:
            break
    return taken


def offer_to_many(wanting: Mapping[int, int]) -> dict[int, list[Offer]] | None:
    """What waits goes to those who wait: {agent's id: capacity}, who has waited longest first.

    One query, and None, where nothing waits, however many agents there are.
    """
    jobs = waiting_for_any() if wanting else []
    if not jobs:
        return None
    with transaction.atomic():
        return _shared_out(jobs, wanting)


def _shared_out(jobs: list[tuple[int, list[str], int]], wanting: Mapping[int, int]) -> dict[int, list[Offer]]:
    """Two servers that do this at once go through the jobs in one order: neither holds what the other waits for."""
    candidates = _Candidates(list(wanting))
    left: dict[int, int] = {}
    given: dict[int, list[Offer]] = {}
    for job_id, runs_on, organisation_id in jobs:
        for agent in candidates:
            if left.get(agent.pk) == 0:
                continue
            if not may_have(agent, runs_on, organisation_id):
                continue
            if agent.pk not in left:
                left[agent.pk] = min(wanting[agent.pk], free_slots(agent))
            if left[agent.pk] > 0:
                if made := offer(agent, job_id):
                    given.setdefault(agent.pk, []).append(made)
                    left[agent.pk] -= 1
                break
    return given


class _Candidates:
    """Those of these agents that take jobs, in this order; read from the database as far as somebody looks."""

    def __init__(self, pks: list[int]) -> None:
        self._unread = pks
        self._read: list[Agent] = []

    def __iter__(self) -> Iterator[Agent]:
        at = 0
        while at < len(self._read) or self._more():
            yield self._read[at]
            at += 1

    def _more(self) -> bool:
        """Whether there is one more than were read."""
        known = len(self._read)
        while self._unread and len(self._read) == known:
            pks, self._unread = self._unread[:FETCHED], self._unread[FETCHED:]
            rows = _agents(pks)
            self._read += [rows[pk] for pk in pks if pk in rows and takes_jobs(rows[pk])]
        return len(self._read) > known


def _agents(pks: list[int]) -> dict[int, Agent]:
    if len(pks) > 1:
        return Agent.objects.in_bulk(pks)
    row = AGENT.one(*pks)
    return {pks[0]: row[0]} if row else {}


def take_back(offers: list[Offer]) -> None:
    """The agent went away before it heard of them: others need not wait until they expire."""
    for one in offers:
        open_still = Assignment.objects.filter(
            job_id=one.job_id, lease_token=one.lease, acknowledged_at=None, job__status=JobStatus.QUEUED
        )
        if open_still.update(expires_at=clock.now()):
            wake.fleet()
