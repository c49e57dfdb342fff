"""Alive, ready, metrics: for supervisors, load balancers and Prometheus."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from apps.api import health, metrics
from apps.artifacts.store import StoreUnavailable, installed
from apps.artifacts.store.memory import MemoryStore
from apps.events import wake
from tests.conftest import People
from tests.unit.apps.api.conftest import Api, Things

FAR = {"REMOTE_ADDR": "203.0.113.9"}


class Gone(MemoryStore):
    def check(self) -> None:
        raise StoreUnavailable("Cannot read the artifact store: /secret/place.")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_counted", (0.0, ""))


def test_alive_looks_at_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def touched(*args: object) -> None:
        raise AssertionError("it was looked at")

    monkeypatch.setattr(health.LOOKER, "look", touched)
    monkeypatch.setattr(wake, "client", touched)
    with installed(Gone()):
        assert Client().get("/healthz").json() == {"status": "alive"}  # without the db fixture: a query would fail


def test_ready_names_every_part_with_its_time(transactional_db: None, memory: MemoryStore) -> None:
    response = Client().get("/readyz")
    parts = response.json()["parts"]
    assert set(parts) == {"database", "broker", "redis", "store"}
    assert all(set(part) == {"ok", "needed", "latency_ms", "message"} for part in parts.values())
    assert (response.status_code, response.json()["status"]) == (200, "degraded")  # no Redis here, which is not needed
    assert (parts["redis"]["ok"], parts["redis"]["needed"]) == (False, False)


def test_without_a_part_that_is_needed_it_is_not_ready(transactional_db: None) -> None:
    with installed(Gone()):
        near, far = Client().get("/readyz"), Client(**FAR).get("/readyz")
    assert (near.status_code, near.json()["status"]) == (503, "not_ready")
    assert "/secret/place" in near.json()["parts"]["store"]["message"]
    assert far.status_code == 503
    assert "secret" not in far.content.decode()
    assert far.json()["parts"]["store"]["message"].startswith("The artifact store does not answer; jobs cannot")


def test_a_database_without_tables_is_not_ready(db: None) -> None:
    from django.db import DatabaseError, connection

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE runs_sweep")
    with pytest.raises(DatabaseError):
        health._database()


def test_metrics_count_by_status(things: Things) -> None:
    text = Client().get("/metrics").content.decode()
    assert 'hive_runs{status="running"} 1\n' in text
    assert 'hive_jobs{status="completed"} 1\n' in text
    assert 'hive_queue_length{queue="coding"} ' in text
    assert "hive_stream_readers " in text
    for line in text.splitlines():
        assert line.startswith("# ") or float(line.rsplit(" ", 1)[1]) >= 0


def test_metrics_are_counted_once_in_a_while(things: Things, django_assert_num_queries: Callable[..., object]) -> None:
    Client().get("/metrics")
    with django_assert_num_queries(0):  # type: ignore[attr-defined]
        Client().get("/metrics")


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-For": "203.0.113.9"}])
def test_metrics_are_not_for_everybody(db: None, headers: dict[str, str]) -> None:
    client = Client(**({} if headers else FAR))
    response = client.get("/metrics", headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


def test_metrics_are_for_operators_from_anywhere(people: People, with_key: Callable[..., Api]) -> None:
    key = with_key().headers
    assert Client(**FAR).get("/metrics", headers=key).status_code == 401
    type(people.owner).objects.filter(pk=people.owner.pk).update(is_superuser=True, is_staff=True)
    assert Client(**FAR).get("/metrics", headers=key).status_code == 200
    client = Client(**FAR)
    client.force_login(people.owner)
    assert client.get("/metrics").status_code == 200
