"""Operators see agents in admin, without anything secret, and put one out there."""

from __future__ import annotations

from django.test import Client

from apps.fleet.models import Agent, EnrolmentToken
from tests.conftest import People


def test_an_operator_revokes_an_agent_and_no_digest_is_shown(agent: Agent, people: People) -> None:
    people.owner.is_staff = people.owner.is_superuser = True
    people.owner.save()
    client = Client()
    client.force_login(people.owner)
    assert agent.name in client.get("/admin/fleet/agent/").content.decode()
    for page in (f"/admin/fleet/agent/{agent.pk}/change/", "/admin/fleet/enrolmenttoken/", "/admin/fleet/assignment/"):
        shown = client.get(page)
        assert shown.status_code == 200
        assert agent.digest not in shown.content.decode()
    assert EnrolmentToken.objects.get().digest not in client.get(page).content.decode()
    client.post("/admin/fleet/agent/", {"action": "revoke", "_selected_action": [agent.pk]})
    agent.refresh_from_db()
    assert (agent.revoked_at is not None, agent.revoked_by) == (True, people.owner)
