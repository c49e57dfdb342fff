"""How soon an agent that says nothing any more is noticed, with the settings that nobody has changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from apps.fleet.models import Agent
from apps.fleet.services.heartbeat import PER_S, interval_s
from hive.env import SETTINGS, read
from tests.unit.apps.fleet.conftest import MakeAgent


def test_by_default_a_silent_agents_job_is_lost_within_45_s() -> None:
    """The lease was renewed a moment before it fell silent; the sweep has looked a moment before the lease ran out."""
    lease_s, sweep_s = (read(SETTINGS[name], {}) for name in ("HIVE_LEASE_S", "HIVE_SWEEP_S"))
    assert lease_s + sweep_s <= 45


def test_however_large_the_fleet_a_lease_outlasts_three_heartbeats(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_agent()
    assert interval_s(busy=True) == 2.0
    monkeypatch.setattr("apps.fleet.services.heartbeat.PER_S", 0.001)  # one agent weighs as much as 20,000 do
    assert interval_s(busy=True) <= settings.LEASE_S / 3


def test_agents_that_are_gone_do_not_stretch_the_interval_of_those_that_are_there(make_agent: MakeAgent) -> None:
    for number in range(int(3 * PER_S)):
        make_agent(f"a{number}")
    assert interval_s(busy=True) == 3.0
    Agent.objects.exclude(name="a0").update(seen_at=timezone.now() - timedelta(hours=1))
    assert interval_s(busy=True) == 2.0
