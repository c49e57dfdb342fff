"""Every list and page that shows records, with the filters that its readers use, and who asks.

Three people: one of the organisation with the most runs, one of an organisation with five old ones, the operator.
"""

from __future__ import annotations

from tests.scale.fill import BUSY, PROJECTS, QUIET, RELEASES, RUNS

OPERATOR = 3
NEWEST, OLD, MIDDLE = RUNS - 4, 1, RUNS // 2 + 1  # of the busy project, the quiet one, the busy one
LIST = "/api/v1/runs"
JOBS = (
    *("?status=failed", "?status=queued", "?status=running", "?role=monitoring", "?kind=ci", "?q=site+777"),
    *(f"?q={MIDDLE}", "?q=nothing-like-it", "?project=project-2"),
)

API = {
    BUSY: [
        LIST,
        f"{LIST}?page=40",
        f"{LIST}?status=failed",
        f"{LIST}?status=running&status=queued",
        f"{LIST}?status=queued",
        f"{LIST}?project=project-1",
        f"{LIST}?project=project-2",
        f"{LIST}?project=project-1&status=canceled",
        f"{LIST}?workflow=noop",
        f"{LIST}?workflow=build",
        f"{LIST}?cause=repair",
        f"{LIST}?cause=request",
        f"{LIST}?parent=7",
        f"{LIST}?before={MIDDLE}",
        f"{LIST}?since=2001-01-01T00:00:00Z",
        f"{LIST}?since=2101-01-01T00:00:00Z",
        f"{LIST}?until=2001-01-01T00:00:00Z",
        f"{LIST}?until=2101-01-01T00:00:00Z",
        *[f"{LIST}/{MIDDLE}{part}" for part in ("", "/tasks", "/jobs", "/events", "/artifacts")],
        f"{LIST}/{MIDDLE}/events?type=error",
        f"{LIST}/{MIDDLE}/events?job={MIDDLE}",
        f"/api/v1/jobs/{MIDDLE}",
        "/api/v1/gates",
        "/api/v1/gates?status=pending",
        "/api/v1/gates?status=rejected",
        "/api/v1/gates?run=70",
        "/api/v1/specs",
        "/api/v1/projects",
    ],
    QUIET: [LIST, f"{LIST}?status=failed", f"{LIST}?cause=repair", f"{LIST}/{OLD}", "/api/v1/gates", "/api/v1/specs"],
    OPERATOR: [
        LIST,
        f"{LIST}?status=failed",
        f"{LIST}?workflow=noop",
        "/api/v1/gates?status=pending",
        "/api/v1/projects",
        "/api/v1/admin/agents",
        *[f"/api/v1/admin/jobs{query}" for query in ("", *JOBS, "?agent=7", f"?before={MIDDLE}.0")],
    ],
}
PAGES = {
    BUSY: [
        "/",
        *[f"/?status={status}" for status in ("active", "asking", "completed", "failed", "canceled")],
        f"/?project={BUSY}",
        f"/?project={QUIET}",
        f"/?project={BUSY}&status=failed",
        "/?q=site+777",
        "/?q=nothing-like-it",
        f"/?before={MIDDLE}",
        f"/runs/{MIDDLE}/",
        f"/runs/{NEWEST}/",
        f"/jobs/{MIDDLE}/",
        *[f"/jobs/{query}" for query in ("", *JOBS, f"?project={QUIET}", f"?before={MIDDLE}.{MIDDLE}")],
        "/releases/",
        "/releases/?before=9000",
        f"/releases/{RELEASES - PROJECTS}/",
        "/incidents/",
        "/incidents/?status=open",
        "/projects/",
        f"/projects/{BUSY}/",
        f"/specs/{BUSY}/",
        f"/organisations/organisation-{BUSY}/",
    ],
    QUIET: [
        "/",
        "/?status=active",
        "/?status=failed",
        "/?q=site",
        "/releases/",
        "/incidents/",
        "/jobs/",
        "/jobs/?role=testing",
        f"/projects/{QUIET}/",
    ],
    OPERATOR: [
        "/",
        "/agents/",
        "/jobs/?agent=7",
        "/?status=asking",
        "/?q=site+777",
        "/releases/",
        "/incidents/",
        "/projects/",
        f"/runs/{MIDDLE}/",
    ],
}
ADMIN = {
    OPERATOR: [
        "/admin/",
        "/admin/runs/run/",
        "/admin/runs/run/?status__exact=failed",
        "/admin/runs/run/?reason__exact=lost",
        "/admin/runs/run/?cause__exact=repair",
        f"/admin/runs/run/?q={MIDDLE}",
        "/admin/runs/run/?p=20",
        f"/admin/runs/run/{MIDDLE}/change/",
        "/admin/runs/task/",
        "/admin/runs/task/?status__exact=failed",
        f"/admin/runs/task/?q={MIDDLE}",
        "/admin/runs/job/",
        "/admin/runs/job/?status__exact=failed",
        "/admin/runs/job/?reason__exact=lost",
        f"/admin/runs/job/?q={MIDDLE}",
        "/admin/runs/gate/",
        "/admin/runs/gate/?status__exact=rejected",
        "/admin/events/event/",
        "/admin/events/event/?type__exact=error",
        f"/admin/events/event/?q={MIDDLE}",
        "/admin/events/sequence/",
        "/admin/events/logchunk/",
        "/admin/artifacts/artifact/",
        "/admin/artifacts/artifact/?kind__exact=log",
        f"/admin/artifacts/artifact/?q={MIDDLE}",
        "/admin/releases/release/",
        "/admin/releases/environment/",
        "/admin/incidents/incident/",
        "/admin/incidents/probe/",
        "/admin/incidents/proberesult/",
        "/admin/specs/spec/",
        "/admin/specs/specversion/",
        "/admin/projects/project/",
        "/admin/accounts/user/",
    ]
}


def all_addresses() -> list[tuple[int, str]]:
    """(who asks, what)"""
    faces = (API, PAGES, ADMIN)
    return [(person, address) for face in faces for person, listed in face.items() for address in listed]
