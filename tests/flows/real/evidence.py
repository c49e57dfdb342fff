"""What must be true of a run that ended right, whatever happened on the way."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.flows.real.hive import Hive

SPEC: dict[str, Any] = {
    "id": "site",
    "title": "A page",
    "inputs": [{"type": "file", "path": "index.html", "content": "<h1>Hello</h1>"}],
    "outputs": [{"path": "index.html"}],
    "tests": [{"run": "echo tested; test -f index.html"}],
    "acceptance": [{"url": "http://devsite:18080/", "contains": "Hello"}],
    "deploy": {"directory": ".", "port": 18080},
}


def check_ended_right(hive: Hive, run_id: int, status: str = "completed") -> None:
    """The run ended so; no step took effect twice; its events have no gap and tell what its rows say."""
    run = hive.wait(run_id)
    jobs = hive.all(f"runs/{run_id}/jobs")
    assert run["status"] == status, (run["reason"], run["message"], jobs)
    done = Counter((job["step"], job["task"], job["round"]) for job in jobs if job["status"] == "completed")
    assert all(count == 1 for count in done.values()), done
    events = all_events(hive, run_id)
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    told = {
        event["data"]["id"]: event["data"]["to"] for event in events if event["type"] == "job" and "to" in event["data"]
    }
    assert told == {job["id"]: job["status"] for job in jobs if job["id"] in told}


def check_site_is_built_once(hive: Hive, run_id: int) -> None:
    """One release is live, the tests' output is kept whole, and the artifacts are there to be read."""
    release = hive.get(f"runs/{run_id}")["release"]
    assert release["status"] == "live"
    tested = next(
        job for job in hive.all(f"runs/{run_id}/jobs") if job["step"] == "testing.test" and job["status"] == "completed"
    )
    log = hive.client.get(f"jobs/{tested['id']}/log").text
    assert log.count("\ntested\n") == 1, log
    for artifact in hive.all(f"runs/{run_id}/artifacts"):
        answer = hive.client.get(f"runs/{run_id}/artifacts/{artifact['id']}/download", follow_redirects=True)
        assert answer.status_code == 200
        assert len(answer.content) == artifact["size_bytes"]


def all_events(hive: Hive, run_id: int) -> list[Any]:
    """Every event, page by page."""
    found: list[Any] = []
    while page := hive.get(f"runs/{run_id}/events", after=len(found), page_size=100)["results"]:
        found += page
    return found
