"""Django admin: every record is there, nothing is edited by hand, actions go through the services."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.keys import create_key, find_key
from apps.accounts.models import ApiKey, User
from apps.events.models import Event, LogChunk
from apps.projects.models import Secret
from apps.projects.secrets import put_secret
from apps.runs.models import Gate, Queue, Run
from tests.conftest import People
from tests.stories import runs
from tests.unit.apps.dashboard.conftest import Visit, World

OURS = [model for config in apps.get_app_configs() if config.name.startswith("apps.") for model in config.get_models()]
EDITED = {"User", "Organisation", "Membership", "Project", "Provider", "McpServer"}  # by operators, in admin


@pytest.fixture
def operator(people: People, visit: Visit) -> Client:
    User.objects.filter(pk=people.owner.pk).update(is_staff=True, is_superuser=True)
    return visit(User.objects.get(pk=people.owner.pk))


def address(model: type[Model], verb: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{verb}", args=args)


def test_every_record_of_hive_is_there() -> None:
    assert [model.__name__ for model in OURS if not admin.site.is_registered(model)] == []


def test_every_list_and_every_row_can_be_looked_at(world: World, operator: Client) -> None:
    for model in OURS:
        assert operator.get(address(model, "changelist"), {"q": "1"}).status_code == 200, model
        assert operator.get(address(model, "changelist")).status_code == 200, model
        row = model._default_manager.first()
        if row is not None:
            assert operator.get(address(model, "change", row.pk)).status_code == 200, model


def test_no_record_of_what_happened_is_made_changed_or_deleted_by_hand(world: World, operator: Client) -> None:
    for model in OURS:
        row = model._default_manager.first()
        if model.__name__ in EDITED or row is None:
            continue
        assert operator.get(address(model, "add")).status_code == (200 if model is ApiKey else 403), model
        assert operator.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403, model
        assert operator.post(address(model, "change", row.pk), {"status": "completed"}).status_code == 403, model


@pytest.mark.parametrize("model", [Run, Event, LogChunk, Gate])
def test_a_list_costs_the_same_for_few_and_for_many(people: People, operator: Client, model: type[Model]) -> None:
    counts = []
    for stories in (1, 4):
        for _ in range(stories):
            runs.waiting(people.project, people.owner)
        with CaptureQueriesContext(connection) as queries:
            operator.get(address(model, "changelist"))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 5


def act(client: Client, model: type[Model], action: str, *rows: Model) -> str:
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(address(model, "changelist"), data, follow=True).content.decode()


def test_runs_are_canceled_and_started_again(people: People, operator: Client) -> None:
    going, ended = runs.running(people.project, people.owner), runs.failing(people.project, people.owner)
    page = act(operator, Run, "cancel", going, ended)
    going.refresh_from_db()
    assert going.stop_reason == "canceled_by_user"
    assert "Done: 1." in page
    assert "it was ending already" in page
    act(operator, Run, "retry", ended)
    assert Run.objects.latest("pk").parent == ended


def test_runs_are_pruned_for_good_where_nothing_needs_them(people: People, operator: Client) -> None:
    going, ended = runs.running(people.project, people.owner), runs.failing(people.project, people.owner)
    page = act(operator, Run, "prune", going, ended)
    assert "Done: 1." in page
    assert "it has not ended" in page
    assert list(Run.objects.all()) == [going]


def test_gates_are_approved_and_rejected_once(people: People, operator: Client) -> None:
    gate = Gate.objects.get(run=runs.waiting(people.project, people.owner))
    assert "Done: 1." in act(operator, Gate, "approve", gate)
    assert "cannot become rejected" in act(operator, Gate, "reject", gate)
    gate.refresh_from_db()
    assert (gate.status, gate.decided_by) == ("approved", people.owner)


def test_a_gate_that_asks_is_not_approved_without_its_answers(people: People, operator: Client) -> None:
    gate = Gate.objects.get(run=runs.waiting(people.project, people.owner))
    Gate.objects.filter(pk=gate.pk).update(questions=[{"text": "Which colour?", "choices": [], "required": True}])
    assert "Question 1 (Which colour?): It must be answered." in act(operator, Gate, "approve", gate)
    gate.refresh_from_db()
    assert gate.status == "pending"


def test_queues_are_paused_and_resumed(people: People, operator: Client) -> None:
    coding = Queue.objects.get_or_create(role="coding")[0]
    assert "Done: 1." in act(operator, Queue, "pause", coding)
    assert "it is paused already" in act(operator, Queue, "pause", coding)
    coding.refresh_from_db()
    assert (coding.is_paused, coding.paused_by) == (True, people.owner)
    assert "Done: 1." in act(operator, Queue, "resume", coding)
    assert "it was not paused" in act(operator, Queue, "resume", coding)


def test_keys_are_revoked(people: People, operator: Client) -> None:
    made = create_key(people.owner, people.project.organisation, "CI")
    act(operator, type(made.row), "revoke", made.row)
    assert find_key(made.key) is None


def test_who_may_only_look_at_records_has_no_actions(people: People, visit: Visit) -> None:
    User.objects.filter(pk=people.viewer.pk).update(is_staff=True)
    people.viewer.user_permissions.add(Permission.objects.get(codename="view_run"))
    run, client = runs.running(people.project, people.owner), visit(User.objects.get(pk=people.viewer.pk))
    act(client, Run, "cancel", run)
    run.refresh_from_db()
    assert run.stop_reason == ""


def test_no_page_shows_what_is_sealed_or_hashed(people: People, operator: Client) -> None:
    secret = put_secret(people.project, "TOKEN", "honey-4711")
    key = create_key(people.owner, people.project.organisation, "CI").row
    assert "gAAAA" not in operator.get(address(Secret, "change", secret.pk)).content.decode()
    assert key.digest not in operator.get(address(type(key), "change", key.pk)).content.decode()
