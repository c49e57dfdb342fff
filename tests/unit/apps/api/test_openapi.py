"""The OpenAPI document matches what the API does: schemathesis asks every operation, with right data and wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings
from schemathesis import Case

from apps.accounts.keys import SCOPES
from tests.conftest import People
from tests.unit.apps.api.conftest import Things

LIVE = ["run_stream", "job_log_stream", "ci_job_status"]  # they go on for as long as somebody waits
CONFIG = schemathesis.Config.from_dict(
    {
        "generation": {"deterministic": True, "database": "none", "max-examples": 6},
        "operations": [
            {
                # A schema cannot say what makes a spec right, nor which organisations there are.
                "include-operation-id": [
                    *("runs_create", "specs_create", "projects_create", "admin_queues_pause_create"),
                    "ci_job_submit",
                ],
                "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "403", "404", "409", "422"]}},
            }
        ],
    }
)
document = schemathesis.openapi.from_wsgi("/api/schema/", WSGIHandler(), config=CONFIG, headers={"Host": "localhost"})


@pytest.fixture
def _in_one_transaction() -> Iterator[None]:
    """Between requests a server may close its connection; a test's rows are seen on this one only."""
    ends = (request_started, request_finished)
    for end in ends:
        end.disconnect(close_old_connections)
    yield
    for end in ends:
        end.connect(close_old_connections)


@pytest.mark.usefixtures("_in_one_transaction")
@document.exclude(operation_id=LIVE).parametrize()
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_every_operation_does_what_the_document_says(
    case: Case, things: Things, people: People, with_key: object
) -> None:
    people.owner.is_superuser = True  # an operator, so that no operation is refused before it looks at what was sent
    people.owner.save()
    headers = with_key(scopes=SCOPES).headers | {"Host": "localhost"}  # type: ignore[operator]
    case.call_and_validate(headers=headers)


def test_the_document_is_public_and_names_every_operation() -> None:
    found = Client().get("/api/schema/").json()
    operations = {
        name for path in found["paths"].values() for name in (one.get("operationId") for one in path.values())
    }
    assert set(LIVE) | {"runs_create", "runs_list", "specs_validate_create", "gates_approve_create"} <= operations
    assert len(operations) == 104


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = Client().get("/api/docs/").content.decode()
    assert "swagger-ui-bundle.js" in page
    assert "http://" not in page.replace("http://testserver", "")
    assert "https://" not in page
    assert "<script>" not in page
    assert "style=" not in page
