"""Who is offered which job, until when, and what an acknowledgement makes of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.fleet.models import Agent, Assignment
from apps.fleet.services.acknowledge import acknowledge
from apps.fleet.services.hold import drain_agent, pause_agent, resume_agent, revoke_agent
from apps.fleet.services.lease import NotYours
from apps.fleet.services.offer import OFFER_S, offer_to_many, offer_up_to, take_back
from apps.fleet.services.seen import seen
from apps.runs.models import Job, Run
from apps.runs.services.output import LeaseLost
from apps.runs.services.pause import pause_queue
from apps.runs.services.reap import reap_expired
from apps.runs.services.stop import cancel_run
from tests.conftest import People
from tests.unit.apps.fleet.conftest import MakeAgent, MakeJob, offered

LATE = timedelta(seconds=OFFER_S + 1)


def expire(job: Job) -> None:
    Assignment.objects.filter(job=job).update(expires_at=timezone.now() - LATE)


def test_a_job_is_offered_once_and_again_when_nobody_acknowledged_it(agent: Agent, job: Job) -> None:
    first = offered(agent)
    assert offer_up_to(agent, 1) == []
    expire(job)
    second = offered(agent)
    assert (second.job_id, Assignment.objects.get().offers) == (first.job_id, 2)
    assert second.lease != first.lease


def test_an_acknowledged_job_runs_under_the_lease_that_was_offered(agent: Agent, job: Job) -> None:
    one = offered(agent)
    acknowledge(agent, job.pk, one.lease)
    row = Job.objects.select_related("run").get(pk=job.pk)
    assert (row.status, row.lease_token, row.worker) == ("running", one.lease, f"agent:{agent.pk}/a")
    assert row.run.status == "running"


def test_an_acknowledgement_that_comes_twice_is_one(agent: Agent, job: Job) -> None:
    one = offered(agent)
    acknowledge(agent, job.pk, one.lease)
    at = Assignment.objects.get().acknowledged_at
    acknowledge(agent, job.pk, one.lease)
    assert Assignment.objects.get().acknowledged_at == at


def test_one_that_was_asked_too_late_does_not_begin(agent: Agent, make_agent: MakeAgent, job: Job) -> None:
    slow, other = offered(agent), make_agent("b")
    expire(job)
    fresh = offered(other)
    with pytest.raises(NotYours):
        acknowledge(agent, job.pk, slow.lease)
    acknowledge(other, job.pk, fresh.lease)


def test_an_old_offer_to_the_same_agent_does_not_begin_it(agent: Agent, job: Job) -> None:
    slow = offered(agent)
    expire(job)
    offered(agent)
    with pytest.raises(LeaseLost):
        acknowledge(agent, job.pk, slow.lease)
    assert Job.objects.get(pk=job.pk).status == "queued"


def test_a_canceled_run_offers_nothing_and_what_was_offered_does_not_begin(
    agent: Agent, job: Job, people: People
) -> None:
    one = offered(agent)
    cancel_run(job.run, people.owner)
    with pytest.raises(LeaseLost):
        acknowledge(agent, job.pk, one.lease)
    assert offer_up_to(agent, 1) == []


def test_the_servers_tags_decide_and_what_an_agent_claims_only_narrows_them(
    make_agent: MakeAgent, make_job: MakeJob
) -> None:
    make_job("gpu")
    assert offer_up_to(make_agent(tags=("arm",)), 1) == []
    claims_more = make_agent("liar", ("arm",))
    Agent.objects.filter(pk=claims_more.pk).update(claimed_tags=["gpu", "arm"])
    claims_more.refresh_from_db()
    assert offer_up_to(claims_more, 1) == []
    modest = make_agent("modest", ("arm", "gpu"))
    Agent.objects.filter(pk=modest.pk).update(claimed_tags=["arm"])
    modest.refresh_from_db()
    assert offer_up_to(modest, 1) == []
    assert len(offer_up_to(make_agent("right", ("gpu",)), 1)) == 1


def test_an_agent_of_one_organisation_gets_nothing_of_another(
    people: People, make_agent: MakeAgent, make_job: MakeJob
) -> None:
    make_job("arm", project=people.foreign_project)
    ours = make_agent(organisation=people.project.organisation)
    assert offer_up_to(ours, 1) == []
    assert offer_to_many({ours.pk: 1}) == {}
    assert len(offer_up_to(make_agent("anybody's"), 1)) == 1


def test_an_agent_gets_no_more_than_it_has_slots(make_agent: MakeAgent, make_job: MakeJob) -> None:
    for _ in range(5):
        make_job()
    two = make_agent(slots=2)
    first = offer_up_to(two, 10)
    assert len(first) == 2
    assert offer_up_to(two, 10) == []
    acknowledge(two, first[0].job_id, first[0].lease)
    assert offer_up_to(two, 10) == []


def test_many_who_wait_are_served_with_one_look_the_longest_first(make_agent: MakeAgent, make_job: MakeJob) -> None:
    slow, fast, other = make_agent("slow"), make_agent("fast", slots=2), make_agent("other", ("x86",))
    jobs = [make_job().pk for _ in range(3)]
    given = offer_to_many({other.pk: 1, slow.pk: 1, fast.pk: 2})
    assert {pk: [one.job_id for one in offers] for pk, offers in given.items()} == {
        slow.pk: jobs[:1],
        fast.pk: jobs[1:],
    }


def test_with_nothing_to_do_many_cost_one_query(make_agent: MakeAgent, django_assert_num_queries: object) -> None:
    wanting = {make_agent(f"n{number}").pk: 1 for number in range(5)}
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert offer_to_many(wanting) is None


def test_of_many_who_wait_only_as_many_are_read_as_a_job_needs(
    make_agent: MakeAgent, job: Job, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: object
) -> None:
    monkeypatch.setattr("apps.fleet.services.offer.FETCHED", 2)
    wanting = {make_agent(f"n{number}").pk: 1 for number in range(9)}
    with django_assert_max_num_queries(6):  # type: ignore[operator] # jobs, two agents, its slots, the offer
        assert [one.job_id for one in offer_to_many(wanting)[min(wanting)]] == [job.pk]  # type: ignore[index]


def test_one_who_may_have_it_is_found_behind_many_who_may_not(
    make_agent: MakeAgent, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.fleet.services.offer.FETCHED", 2)
    bare = {make_agent(f"n{number}", tags=()).pk: 1 for number in range(5)}
    fitting = make_agent("z").pk
    assert set(offer_to_many({**bare, fitting: 1}) or {}) == {fitting}


def test_who_asks_in_vain_costs_one_query(agent: Agent, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert offer_up_to(agent, 1) == []


def test_who_is_drained_paused_or_revoked_gets_nothing(agent: Agent, job: Job, people: People) -> None:
    def gets() -> int:
        agent.refresh_from_db()
        return len(offer_up_to(agent, 1))

    drain_agent(agent, people.owner)
    assert gets() == 0
    resume_agent(agent, people.owner)
    pause_agent(agent, people.owner)
    assert gets() == 0
    resume_agent(agent, people.owner)
    revoke_agent(agent, people.owner)
    assert gets() == 0


def test_a_pause_that_is_over_goes_by_itself(agent: Agent, job: Job, people: People) -> None:
    pause_agent(agent, people.owner, timezone.now() + timedelta(hours=1))
    Agent.objects.filter(pk=agent.pk).update(paused_until=timezone.now() - LATE)
    agent.refresh_from_db()
    seen(agent)
    assert len(offer_up_to(agent, 1)) == 1
    assert Agent.objects.get().paused_at is None


def test_a_paused_queue_and_a_job_whose_turn_has_not_come_are_not_offered(
    agent: Agent, make_job: MakeJob, people: People
) -> None:
    before, after = make_job("x86"), make_job()
    Job.objects.filter(pk=after.pk).update(needs=[before.pk])
    assert offer_up_to(agent, 1) == []
    Job.objects.filter(pk=after.pk).update(needs=[])
    pause_queue("testing", people.owner)
    assert offer_up_to(agent, 1) == []


def test_what_was_offered_to_one_who_left_is_free_at_once(agent: Agent, make_agent: MakeAgent, job: Job) -> None:
    take_back([offered(agent)])
    assert len(offer_up_to(make_agent("b"), 1)) == 1


def test_an_agent_that_falls_silent_loses_its_job(agent: Agent, job: Job) -> None:
    one = offered(agent)
    acknowledge(agent, job.pk, one.lease)
    assert list(reap_expired(timezone.now() + timedelta(hours=1))) == [job.run_id]
    assert Job.objects.get(pk=job.pk).reason == "lost"


def test_a_job_that_celery_does_is_never_offered(agent: Agent, people: People) -> None:
    run = Run.objects.create(project=people.project, workflow="noop", title="t", epoch=1)
    Job.objects.create(run=run, role="testing", step="testing.noop")
    assert offer_up_to(agent, 1) == []
    assert offer_to_many({agent.pk: 1}) is None


def test_a_job_for_a_container_goes_only_to_a_machine_that_has_them(make_agent: MakeAgent, make_job: MakeJob) -> None:
    job = make_job("arm", "sandbox:docker")
    bare, other = make_agent("bare", capabilities={"sandboxes": ["bubblewrap"]}), make_agent("odd", capabilities={})
    assert offer_up_to(bare, 1) == offer_up_to(other, 1) == []
    assert offer_to_many({bare.pk: 1, other.pk: 1}) == {}
    engine = make_agent("engine", capabilities={"sandboxes": ["bubblewrap", "docker"]})
    assert offered(engine).job_id == job.pk
