"""A CI job's submission alone: what it costs the web server's process, without a network, as its handler answers it.

Beside PostgreSQL with fsync and Valkey; an agent that could take the job has joined, and none takes it.
"""

from __future__ import annotations

import io
import json
import tempfile
import time
from typing import Any

from tests.bench.figures import Figure, middle
from tests.bench.installation import set_up_django
from tests.bench.servers import servers

ROUNDS, EACH = 5, 40
BODY = json.dumps({"project": "bench", "job": {"commands": ["true"], "runs_on": ["bench"]}}).encode()


def measure(repeat: int) -> list[Figure]:
    with servers() as (_, settings), tempfile.TemporaryDirectory(prefix="hive-bench-") as home:
        set_up_django(home, **settings, HIVE_RATE="0/min")
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        submit = _submission()
        found = [_round(submit) for _ in range(repeat * ROUNDS)]
        with CaptureQueriesContext(connection) as queries:
            submit()
        connection.close()
    return [
        Figure("submission_ms", "a CI job's submission, processor time", middle(found), "ms"),
        Figure("submission_statements", "    its statements, BEGIN and COMMIT among them", len(queries), ""),
    ]


def _round(submit: Any) -> float:
    began = time.process_time()
    for _ in range(EACH):
        submit()
    return 1000 * (time.process_time() - began) / EACH


def _submission() -> Any:
    """Everything that the first one does and no other is done by then."""
    from django.core.management import call_command

    from apps.accounts.keys import create_key
    from apps.accounts.models import Organisation, User
    from apps.fleet.services.enrol import Introduction, create_token, register

    call_command("migrate", verbosity=0)
    user = User.objects.create_user("bench", is_superuser=True)
    key = create_key(user, Organisation.objects.create(name="Bench", slug="bench"), "bench").key
    register(create_token(None, "bench", tags=["bench"]).token, Introduction("bench"))
    from hive.asgi import handler

    def submit() -> None:
        response = handler._respond(_request(key), io.BytesIO(BODY))
        assert response.status_code == 201, response

    for _ in range(10):
        submit()
    return submit


def _request(key: str) -> dict[str, Any]:
    said = {
        "host": "127.0.0.1",
        "content-type": "application/json",
        "content-length": str(len(BODY)),
        "authorization": f"Api-Key {key}",
    }
    return {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/ci/jobs",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in said.items()],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }
