"""Agents by the API: what each does, and what an operator does to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.keys import SCOPES
from apps.fleet.models import Agent, Command, EnrolmentToken
from apps.fleet.services.enrol import Introduction, NotEnrolled, create_token, register
from tests.conftest import People
from tests.unit.apps.api.conftest import Api


@pytest.fixture
def operator(people: People, with_key: Callable[..., Api]) -> Api:
    people.owner.is_superuser = True
    people.owner.save()
    return with_key(scopes=SCOPES)


def join(people: People, name: str = "mac", *tags: str, slots: int = 2) -> Agent:
    token = create_token(people.owner, "office", tags=tags or ("arm",), organisation=people.project.organisation)
    return register(token.token, Introduction(name, slots=slots, version="1.0")).agent


def test_an_agent_is_listed_with_what_it_may_and_does(operator: Api, people: People) -> None:
    agent = join(people, "mac", "arm", "fast")
    (found,) = operator.get("/admin/agents").json()["results"]
    assert (found["name"], found["state"], found["jobs"]) == ("mac", "idle", [])
    assert (found["tags"], found["organisation"], found["slots"]) == (["arm", "fast"], "ours", 2)
    assert found == operator.get(f"/admin/agents/{agent.pk}").json()
    assert agent.digest not in str(found)


def test_filters_narrow_the_list(operator: Api, people: People) -> None:
    mac, gpu = join(people, "mac"), join(people, "big", "gpu")
    operator.post(f"/admin/agents/{gpu.pk}/revoke")

    def names(query: str) -> list[str]:
        return [one["name"] for one in operator.get(f"/admin/agents?{query}").json()["results"]]

    assert names("tag=arm") == names("q=MA") == names("revoked=false") == [mac.name]
    assert names("revoked=true") == names("tag=gpu") == ["big"]
    assert names("organisation=theirs") == []
    assert operator.get("/admin/agents?tags=arm").status_code == 422


def test_a_note_tags_and_a_pause_are_written_and_the_rest_stays(operator: Api, people: People) -> None:
    path = f"/admin/agents/{join(people).pk}"
    until = timezone.now() + timedelta(hours=2)
    noted = operator.ask("PATCH", path, {"note": "Its disk is new."}).json()
    assert (noted["note"], noted["tags"]) == ("Its disk is new.", ["arm"])
    tagged = operator.ask("PATCH", path, {"tags": ["gpu", "arm"], "paused_until": until.isoformat()}).json()
    assert (tagged["note"], tagged["tags"], tagged["state"]) == ("Its disk is new.", ["arm", "gpu"], "paused")


@pytest.mark.parametrize(
    "body", [{"tags": ["A B"]}, {"tags": "arm"}, {"note": 5}, {"paused_until": "2020-01-01T00:00:00Z"}, {"nmae": "x"}]
)
def test_what_makes_no_sense_changes_nothing(operator: Api, people: People, body: dict[str, object]) -> None:
    agent = join(people)
    assert operator.ask("PATCH", f"/admin/agents/{agent.pk}", {"note": "x", **body}).status_code == 422
    agent.refresh_from_db()
    assert (agent.note, agent.tags, agent.paused_at) == ("", ["arm"], None)


def test_it_is_drained_paused_resumed_and_told_so(operator: Api, people: People) -> None:
    agent = join(people)
    path = f"/admin/agents/{agent.pk}"
    drained = operator.post(f"{path}/drain").json()
    assert (drained["state"], drained["draining_by"]) == ("drained", "owner")
    assert operator.post(f"{path}/drain").status_code == 409
    assert operator.post(f"{path}/resume").json()["state"] == "idle"
    assert operator.post(f"{path}/resume").status_code == 409
    assert operator.post(f"{path}/pause").json()["state"] == "paused"
    told = Command.objects.filter(agent=agent).values_list("kind", flat=True)
    assert list(told) == ["drain", "resume", "pause"]


def test_a_revoked_agent_never_comes_back(operator: Api, people: People) -> None:
    path = f"/admin/agents/{join(people).pk}"
    assert operator.post(f"{path}/revoke").json()["state"] == "revoked"
    for verb in ("revoke", "drain", "pause", "resume"):
        assert operator.post(f"{path}/{verb}").status_code == 409, verb
    soon = (timezone.now() + timedelta(hours=1)).isoformat()
    assert operator.ask("PATCH", path, {"note": "x", "paused_until": soon}).status_code == 409
    assert operator.get(path).json()["note"] == ""


def test_an_agent_of_which_nothing_is_heard_is_silent(operator: Api, people: People) -> None:
    agent = join(people)
    Agent.objects.filter(pk=agent.pk).update(seen_at=timezone.now() - timedelta(seconds=46))
    assert operator.get(f"/admin/agents/{agent.pk}").json()["state"] == "silent"


def test_a_list_costs_the_same_for_few_and_for_many(operator: Api, people: People) -> None:
    operator.get("/admin/agents")  # the first one notes that the key was used
    counts = []
    for _ in range(2):
        for number in range(4):
            join(people, f"mac-{number}")
        with CaptureQueriesContext(connection) as queries:
            operator.get("/admin/agents")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


def test_a_token_is_made_and_shown_once_and_lets_agents_in_until_it_is_revoked(operator: Api, people: People) -> None:
    made = operator.post("/admin/enrolment-tokens", {"name": "office", "tags": ["arm"], "most": 5, "hours": 2})
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    token = made.json()["token"]
    assert register(token, Introduction("mac")).agent.tags == ["arm"]
    (listed,) = operator.get("/admin/enrolment-tokens").json()["results"]
    assert (listed["name"], listed["state"], listed["used"], listed["most"]) == ("office", "good", 1, 5)
    assert token.rpartition("_")[2] not in str(listed)
    assert operator.post(f"/admin/enrolment-tokens/{listed['id']}/revoke").json()["state"] == "revoked"
    assert operator.post(f"/admin/enrolment-tokens/{listed['id']}/revoke").status_code == 409
    with pytest.raises(NotEnrolled):
        register(token, Introduction("other"))


def test_a_tokens_state_says_why_it_lets_nobody_in(operator: Api, people: People) -> None:
    def state(**changed: object) -> str:
        EnrolmentToken.objects.update(**changed)
        return str(operator.get("/admin/enrolment-tokens").json()["results"][0]["state"])

    create_token(people.owner, "office")
    assert [state(), state(used=1), state(expires_at=timezone.now())] == ["good", "used_up", "expired"]


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "a\nb"}, {"tags": ["A B"]}, {"most": 0}, {"hours": 9000}, {"organisation": 5}],
)
def test_a_token_that_makes_no_sense_is_not_made(operator: Api, body: dict[str, object]) -> None:
    asked = {"name": "office", **body} if body else body
    assert operator.post("/admin/enrolment-tokens", asked).status_code == 422
    assert not EnrolmentToken.objects.exists()


def test_a_token_may_be_for_one_organisation(operator: Api, people: People) -> None:
    made = operator.post("/admin/enrolment-tokens", {"name": "office", "organisation": "ours"}).json()
    assert made["organisation"] == "ours"
    assert operator.post("/admin/enrolment-tokens", {"name": "x", "organisation": "nobody"}).status_code == 404
    assert register(made["token"], Introduction("mac")).agent.organisation == people.project.organisation
