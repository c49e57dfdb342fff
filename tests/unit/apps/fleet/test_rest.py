"""The end of a job's output may come along with the final word: stored once, masked, whole, or not at all."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest

from apps.artifacts.queries import read_log
from apps.fleet import stars
from apps.fleet.models import Agent
from apps.fleet.services.acknowledge import acknowledge
from apps.fleet.services.offer import Offer
from apps.fleet.services.receive_log import Piece, receive_log
from apps.fleet.services.report import Said, report
from apps.projects.secrets import put_secret
from apps.runs.models import Job
from apps.runs.services.output import LeaseLost
from tests.conftest import People
from tests.unit.apps.fleet.conftest import offered

OUTPUT = b"$ true\nhello\n"
SAID = Said(log_bytes=len(OUTPUT), log_crc32=zlib.crc32(OUTPUT), rest=Piece(0, OUTPUT, is_last=True))


@pytest.fixture
def one(agent: Agent, job: Job) -> Offer:
    found = offered(agent)
    acknowledge(agent, job.pk, found.lease)
    stars._known.clear()
    return found


def log_of(job: Job) -> bytes:
    return b"".join(read_log(job.pk))


def test_all_of_a_short_output_comes_with_the_final_word_and_said_twice_is_stored_once(
    agent: Agent, one: Offer, job: Job
) -> None:
    assert report(agent, job.pk, one.lease, SAID)
    assert report(agent, job.pk, one.lease, SAID)
    assert log_of(job) == OUTPUT


def test_of_what_has_arrived_before_only_the_rest_is_stored(agent: Agent, one: Offer, job: Job) -> None:
    receive_log(agent, job.pk, one.lease, Piece(0, OUTPUT[:7]))
    assert report(agent, job.pk, one.lease, SAID)
    assert log_of(job) == OUTPUT
    job.refresh_from_db()
    assert "damaged" not in job.message


def test_a_rest_that_leaves_a_gap_is_not_taken_and_the_job_goes_on(agent: Agent, one: Offer, job: Job) -> None:
    assert not report(agent, job.pk, one.lease, replace(SAID, rest=Piece(7, OUTPUT[7:], is_last=True)))
    job.refresh_from_db()
    assert (job.status, log_of(job)) == ("running", b"")


def test_a_secret_in_the_rest_is_masked(agent: Agent, one: Offer, job: Job, people: People) -> None:
    put_secret(people.project, "WORD", "hello")
    stars._known.clear()
    assert report(agent, job.pk, one.lease, SAID)
    assert log_of(job) == b"$ true\n*****\n"


def test_under_an_old_lease_nothing_of_it_is_stored(agent: Agent, one: Offer, job: Job) -> None:
    with pytest.raises(LeaseLost):
        report(agent, job.pk, "old", SAID)
    assert log_of(job) == b""
