"""What is carried out together is taken back together."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.runs.models import Run
from apps.sql.execute import at, execute, together
from tests.conftest import People

MOMENT = datetime(1, 1, 2, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_what_is_written_together_is_taken_back_together(people: People) -> None:
    started = Run.objects.create(project=people.project, title="ü")

    def fail() -> None:
        with together():
            assert execute("UPDATE runs_run SET started_at = %s WHERE id = %s", at(MOMENT), started.pk) == 1
            with together(), CaptureQueriesContext(connection) as queries:
                execute("UPDATE runs_run SET title = 'x'")
            assert len(queries) == 1  # and no savepoint
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    run = Run.objects.get()
    assert (run.title, run.started_at) == ("ü", None)
