"""How machines join, stay in, and are put out."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.utils import timezone

from apps.fleet.models import Agent, EnrolmentToken
from apps.fleet.services.acknowledge import acknowledge
from apps.fleet.services.enrol import Introduction, NotEnrolled, agent_with, create_token, register, revoke_token
from apps.fleet.services.hold import revoke_agent
from apps.fleet.tokens import AUDIENCE, BadToken, _key, agent_behind, issue
from apps.runs.models import Job
from tests.conftest import People
from tests.unit.apps.fleet.conftest import offered

ME = Introduction("me")


def test_a_token_lets_in_as_many_as_it_says(people: People) -> None:
    made = create_token(people.owner, "two", most=2, tags=["arm"])
    assert register(made.token, ME).agent.tags == ["arm"]
    register(made.token, ME)
    with pytest.raises(NotEnrolled):
        register(made.token, ME)
    assert Agent.objects.count() == 2


@pytest.mark.parametrize("change", [{"expires_at": timezone.now() - timedelta(1)}, {"revoked_at": timezone.now()}])
def test_an_expired_or_revoked_token_lets_nobody_in(people: People, change: dict[str, Any]) -> None:
    made = create_token(people.owner, "t")
    EnrolmentToken.objects.filter(pk=made.row.pk).update(**change)
    with pytest.raises(NotEnrolled):
        register(made.token, ME)


@pytest.mark.parametrize("wrong", ["", "hive-enrol", "hive-enrol_00000000_x", "hive_{prefix}_{secret}", "{token}x"])
def test_a_wrong_token_lets_nobody_in(people: People, wrong: str) -> None:
    made = create_token(people.owner, "t")
    _, prefix, secret = made.token.split("_", 2)
    with pytest.raises(NotEnrolled):
        register(wrong.format(prefix=prefix, secret=secret, token=made.token), ME)


def test_secrets_are_kept_as_digests_only(people: People) -> None:
    made = create_token(people.owner, "t")
    joined = register(made.token, ME)
    kept = json.dumps([list(EnrolmentToken.objects.values()), list(Agent.objects.values())], default=str)
    assert made.token.split("_", 2)[2] not in kept
    assert joined.credential not in kept
    assert agent_with(joined.agent.pk, joined.credential) == joined.agent
    assert agent_with(joined.agent.pk, "another") is None


def test_revoking_a_token_leaves_those_who_joined(people: People) -> None:
    made = create_token(people.owner, "t", most=2)
    agent = register(made.token, ME).agent
    assert (revoke_token(made.row), revoke_token(made.row)) == (True, False)
    assert agent_behind(issue(agent)[0]) == agent


def test_a_revoked_agent_is_out_at_once_and_its_job_is_lost(agent: Agent, job: Job, people: People) -> None:
    token = issue(agent)[0]
    one = offered(agent)
    acknowledge(agent, job.pk, one.lease)
    assert revoke_agent(agent, people.owner)
    with pytest.raises(BadToken):
        agent_behind(token)
    assert Job.objects.values_list("status", "reason", "lease_token").get() == ("failed", "lost", "")


def claims(agent: Agent, **changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "aud": AUDIENCE,
        "sub": str(agent.pk),
        "gen": agent.generation,
        "iat": now,
        "exp": now + timedelta(hours=1),
        **changes,
    }


def signed(said: dict[str, Any], key: bytes | None = None, algorithm: str = "HS256") -> str:
    return jwt.encode(said, key or _key(settings.SECRET_KEY), algorithm)


def test_a_good_token_opens(agent: Agent) -> None:
    assert agent_behind(signed(claims(agent))) == agent


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": datetime.now(UTC) - timedelta(minutes=5)},
        {"aud": "somebody-else"},
        {"gen": 2},
        {"sub": "999999"},
        {"sub": "1; DROP TABLE"},
        {"gen": "x"},
        {"iat": datetime.now(UTC) + timedelta(hours=1)},
    ],
)
def test_an_expired_misdirected_or_invented_token_does_not(agent: Agent, changes: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        agent_behind(signed(claims(agent, **changes)))


def test_nor_does_one_that_is_signed_otherwise_or_not_at_all(agent: Agent) -> None:
    body = signed(claims(agent)).split(".")[1]
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    others = [
        f"{none}.{body}.",
        signed(claims(agent), b"another key, which is long enough for all of the algorithms there are"),
        signed(claims(agent), _key(settings.SECRET_KEY) * 2, "HS384"),
        signed({name: value for name, value in claims(agent).items() if name != "exp"}),
        signed({name: value for name, value in claims(agent).items() if name != "aud"}),
        "",
        "a.b.c",
    ]
    for token in others:
        with pytest.raises(BadToken):
            agent_behind(token)


def test_tags_are_words_and_not_many(people: People) -> None:
    for tags in (["UPPER"], ["with space"], ["x" * 61], [""], [f"t{number}" for number in range(51)]):
        with pytest.raises(ValueError, match="tag"):
            create_token(people.owner, "t", tags=tags)
