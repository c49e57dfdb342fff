"""The pages of agents: for operators, with what each machine does, and a button for what can be done now."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.fleet.models import Agent, EnrolmentToken
from apps.fleet.services.acknowledge import acknowledge
from apps.fleet.services.enrol import Introduction, create_token, register
from apps.fleet.services.hold import drain_agent, revoke_agent
from apps.fleet.services.offer import offer_up_to
from apps.runs.models import Job, Run
from tests.conftest import People
from tests.unit.apps.dashboard.conftest import Visit
from tests.unit.apps.dashboard.markup import Page, what_a_reader_would_miss, what_the_policy_forbids


@pytest.fixture
def operator(people: People, visit: Visit) -> Client:
    people.outsider.is_superuser = True
    people.outsider.save()
    return visit(people.outsider)


def join(name: str = "mac", **more: object) -> Agent:
    token = create_token(None, "office", tags=("arm", "fast"))
    return register(token.token, Introduction(name, slots=2, **more)).agent  # type: ignore[arg-type]


def begun(people: People, agent: Agent) -> Job:
    """A job that this agent runs."""
    run = Run.objects.create(project=people.project, workflow="noop", title="Site", epoch=1, status="running")
    job = Job.objects.create(run=run, role="testing", step="testing.noop", runs_on=["arm"])
    (offer,) = offer_up_to(agent, 1)
    return acknowledge(agent, job.pk, offer.lease)


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def said(client: Client, path: str, **form: object) -> str:
    answer = client.post(path, form, follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain
    return answer.content.decode()


def test_the_list_tells_what_each_does(operator: Client, people: People) -> None:
    agent = join("mac", version="1.4")
    Agent.objects.filter(pk=agent.pk).update(load=0.5, free_disk_bytes=3 * 1024**3, note="Ask <b>Ada</b>")
    begun(people, agent)
    page = text(operator, "/agents/")
    assert 'data-status="working"' in page
    assert "1 of 2 slots busy · load 0.50 · 3.0 GiB free · version 1.4" in page
    assert "Ask &lt;b&gt;Ada" in page


def test_the_list_is_narrowed_by_name_by_tag_and_by_what_became_of_them(operator: Client) -> None:
    mac, gone, held = join("mac"), join("old"), join("held")
    revoke_agent(gone, None)
    drain_agent(held, None)

    def names(query: str) -> list[str]:
        return re.findall(r'class="main-link" href="/agents/\d+/">(\w+)<', text(operator, f"/agents/?{query}"))

    assert names("") == names("q=arm") == ["held", "mac"]
    assert (names("q=MA"), names("status=held"), names("status=revoked")) == (["mac"], ["held"], ["old"])
    assert names("q=ar") == []
    assert (names("before=-3"), names(f"before={held.pk}")) == (["held", "mac"], [mac.name])


def test_an_agents_page_shows_what_it_runs_and_what_it_was_given(operator: Client, people: People) -> None:
    agent = join()
    ended, running = begun(people, agent), begun(people, agent)
    Job.objects.filter(pk=ended.pk).update(status="failed", reason="lost", finished_at=timezone.now())
    page = text(operator, f"/agents/{agent.pk}/")
    now, _, past = page.partition("What it was given")
    assert f"/jobs/{running.pk}/" in now
    assert f"/jobs/{ended.pk}/" not in now
    assert f"/jobs/{running.pk}/" in past
    assert "Its worker disappeared" in past
    assert agent.digest not in page


@pytest.mark.parametrize("path", ["/agents/", "/agents/{}/"])
def test_the_pages_are_whole(operator: Client, people: People, path: str) -> None:
    agent = join(capabilities={"sandboxes": ["bubblewrap"]})
    begun(people, agent)
    page = Page(text(operator, path.format(agent.pk)))
    assert what_the_policy_forbids(page) + what_a_reader_would_miss(page) == []


def test_it_is_paused_until_a_time_drained_and_resumed(operator: Client) -> None:
    agent = join()
    path = f"/agents/{agent.pk}"
    assert "is given nothing more" in said(operator, f"{path}/pause/", minutes="120")
    agent.refresh_from_db()
    assert agent.paused_until is not None
    assert 119 < (agent.paused_until - timezone.now()).total_seconds() / 60 <= 120
    assert "takes no more" in said(operator, f"{path}/drain/")
    assert "was drained already" in said(operator, f"{path}/drain/")
    assert "takes jobs again" in said(operator, f"{path}/resume/")
    assert "was not held" in said(operator, f"{path}/resume/")


def test_a_revoked_agent_has_no_button_left(operator: Client) -> None:
    agent = join()
    assert "is out" in said(operator, f"/agents/{agent.pk}/revoke/")
    page = text(operator, f"/agents/{agent.pk}/")
    assert "by outsider" in page
    assert not [verb for verb in ("drain", "pause", "resume", "revoke", "tags") if f"/{verb}/" in page]
    assert "never comes back" in said(operator, f"/agents/{agent.pk}/pause/")


def test_a_note_and_tags_are_kept_and_bad_tags_refused(operator: Client) -> None:
    agent = join()
    assert "The note is kept" in said(operator, f"/agents/{agent.pk}/note/", note=" Under the desk ")
    said(operator, f"/agents/{agent.pk}/tags/", tags="gpu, arm  mac")
    assert "is no tag" in said(operator, f"/agents/{agent.pk}/tags/", tags="Not A Tag!")
    agent.refresh_from_db()
    assert (agent.note, agent.tags) == ("Under the desk", ["arm", "gpu", "mac"])


def test_a_token_is_shown_once_and_lets_a_machine_in(operator: Client, people: People) -> None:
    form = {
        "name": "For the lab",
        "tags": "gpu",
        "most": "2",
        "hours": "1",
        "organisation": people.project.organisation_id,
    }
    answer = operator.post("/agents/tokens/", form)
    assert "no-store" in answer["Cache-Control"]
    (token,) = set(re.findall(r"hive-enrol_\w+_[\w-]{43}", answer.content.decode()))
    assert token not in text(operator, "/agents/")
    agent = register(token, Introduction("lab")).agent
    assert (agent.tags, agent.organisation) == (["gpu"], people.project.organisation)
    row = EnrolmentToken.objects.get()
    assert (row.most, row.created_by) == (2, people.outsider)
    assert timedelta(minutes=59) < row.expires_at - timezone.now() <= timedelta(hours=1)


@pytest.mark.parametrize("form", [{"name": ""}, {"most": "0"}, {"most": "99999"}, {"tags": "No Tag!"}, {"most": "x"}])
def test_a_token_that_makes_no_sense_is_not_made(operator: Client, form: dict[str, str]) -> None:
    said(operator, "/agents/tokens/", **{"name": "x", "most": "1", **form})
    assert not EnrolmentToken.objects.exists()


def test_a_token_is_revoked(operator: Client) -> None:
    made = create_token(None, "office")
    assert "Nobody else joins with office" in said(operator, f"/agents/tokens/{made.row.pk}/revoke/")
    assert "was revoked before" in said(operator, f"/agents/tokens/{made.row.pk}/revoke/")
    assert "/revoke/" not in text(operator, "/agents/")


def test_what_is_not_there_is_not_found(operator: Client) -> None:
    assert operator.get("/agents/9/").status_code == 404
    for verb in ("drain", "pause", "resume", "revoke", "note", "tags"):
        assert operator.post(f"/agents/9/{verb}/").status_code == 404
    assert operator.post("/agents/tokens/9/revoke/").status_code == 404


@pytest.mark.parametrize("path", ["/agents/", "/agents/{}/"])
def test_it_costs_the_same_for_few_and_for_many(operator: Client, people: People, path: str) -> None:
    counts = []
    busy = join("busy")
    Agent.objects.filter(pk=busy.pk).update(slots=9)
    for number in range(2):
        for one in range(3):
            join(f"mac-{number}-{one}")
            begun(people, Agent.objects.get(pk=busy.pk))
        with CaptureQueriesContext(connection) as queries:
            text(operator, path.format(busy.pk))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 11


def test_only_operators_are_shown_the_way(operator: Client, people: People, visit: Visit) -> None:
    assert 'href="/agents/"' in operator.get("/").content.decode()
    assert 'href="/agents/"' not in visit(people.owner).get("/").content.decode()


def test_staff_who_run_django_admin_are_no_operators_yet(people: People, visit: Visit) -> None:
    people.teammate.is_staff = True
    people.teammate.save()
    agent, client = join(), visit(people.teammate)
    assert client.get("/agents/").status_code == client.get(f"/agents/{agent.pk}/").status_code == 403
    assert client.post(f"/agents/{agent.pk}/revoke/").status_code == 403
    assert client.get("/api/v1/admin/agents").status_code == client.get("/api/v1/admin/jobs").status_code == 403
    assert Agent.objects.get(pk=agent.pk).revoked_at is None
