"""Every address of the API: what it is about, what its owner gets, and what is sent to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.unit.apps.api.conftest import SPEC

OURS = "things of our organisation"
LIST = "a list, which is empty for an outsider"
MAKES = "something new, in one's own organisation"
SHARED = "the same for everybody who is signed in"
LINK = "a signed link, which is the permission"
INSTALLATION = "the whole installation: for operators"


@dataclass(frozen=True)
class Row:
    """What an address is about, which decides who gets what; the status that the owner gets; what is sent."""

    about: str
    ok: int = 200
    body: Any = None
    scope: str = "runs:read"
    query: str = ""
    owners: bool = False  # for owners of the organisation alone
    or_scope: str = ""  # is enough too, for things of CI


# Of a job that has ended: it is refused to who may.
STEERING = {"message": {"text": "Hello"}, "hand-off": {"role": "testing"}, "pause": None, "resume": None}
TABLE = {
    "GET runs": Row(LIST),
    "POST runs": Row(MAKES, 201, {"workflow": "noop"}, "runs:write"),
    "GET run": Row(OURS),
    "POST run-cancel": Row(OURS, 202, scope="runs:write"),
    "POST run-retry": Row(OURS, 201, scope="runs:write"),
    "GET run-usage": Row(OURS),
    "GET run-files": Row(OURS, scope="code:read"),
    "GET run-file": Row(OURS, query="?path=README", scope="code:read"),
    "PUT run-file": Row(OURS, 201, b"1", scope="code:write", query="?path=new"),
    "DELETE run-file": Row(OURS, scope="code:write", query="?path=README"),
    "GET run-diff": Row(OURS, scope="code:read"),
    "GET run-report": Row(OURS),
    "GET run-tasks": Row(OURS),
    "GET run-jobs": Row(OURS),
    "GET run-events": Row(OURS),
    "GET run-stream": Row(OURS),
    "GET run-artifacts": Row(OURS),
    "GET artifact-download": Row(OURS, 302, or_scope="jobs:read"),
    "GET job": Row(OURS, or_scope="jobs:read"),
    "GET job-log": Row(OURS, or_scope="jobs:read"),
    "GET job-log-stream": Row(OURS, or_scope="jobs:read"),
    "POST ci-jobs": Row(MAKES, 201, {"job": "commands: [make]", "project": "fresh"}, "jobs:create"),
    "POST ci-job-cancel": Row(OURS, 202, scope="jobs:cancel"),
    **{f"GET ci-job-{one}": Row(OURS, scope="jobs:read") for one in ("status", "artifacts")},
    "GET job-steering": Row(OURS),
    **{f"POST job-{verb}": Row(OURS, 409, body, "runs:write") for verb, body in STEERING.items()},
    "GET gates": Row(LIST),
    "GET gate": Row(OURS),
    "POST gate-approve": Row(OURS, scope="gates:write"),
    "POST gate-reject": Row(OURS, scope="gates:write"),
    "GET specs": Row(LIST, scope="specs:read"),
    "POST specs": Row(MAKES, 201, {"spec": SPEC.replace("task-001", "new")}, "specs:write"),
    "GET spec": Row(OURS, scope="specs:read"),
    "GET spec-versions": Row(OURS, scope="specs:read"),
    "GET spec-version": Row(OURS, scope="specs:read"),
    "POST specs-validate": Row(SHARED, body={"spec": SPEC}, scope="specs:read"),
    "GET projects": Row(LIST),
    "POST projects": Row(MAKES, 201, {"slug": "fresh"}, "runs:write"),
    "GET project": Row(OURS),
    "GET project-usage": Row(OURS),
    "GET project-memory": Row(OURS),
    "POST project-memory": Row(OURS, 201, {"text": "The port is 8080."}, "runs:write"),
    "GET project-memory-export": Row(OURS),
    "POST project-memory-erase": Row(OURS, scope="runs:write", owners=True),
    "POST project-note-forget": Row(OURS, scope="runs:write"),
    "GET project-mcp-servers": Row(OURS),
    "GET project-mcp-server": Row(OURS),
    "PUT project-mcp-server": Row(OURS, body={"command": ["server"]}, scope="runs:write", owners=True),
    "POST project-mcp-server-check": Row(OURS, scope="runs:write"),
    "DELETE project-mcp-server": Row(OURS, 204, scope="runs:write", owners=True),
    "GET project-origin": Row(OURS, scope="code:read"),
    "PUT project-origin": Row(OURS, body={"url": "https://forge.example/x.git"}, scope="code:write", owners=True),
    "POST project-fetch": Row(OURS, 202, scope="code:write"),
    "POST project-push": Row(OURS, 202, {"branch": "main"}, "code:write"),
    "POST project-upload": Row(OURS, 201, scope="code:write"),
    "GET project-branches": Row(OURS, scope="code:read"),
    "POST project-branches": Row(OURS, 201, {"name": "fix/one"}, "code:write"),
    "GET project-commits": Row(OURS, scope="code:read"),
    "GET project-diff": Row(OURS, query="?head=main", scope="code:read"),
    "GET project-files": Row(OURS, scope="code:read"),
    "GET project-file": Row(OURS, query="?path=README", scope="code:read"),
    "PUT project-file": Row(OURS, 201, b"1", scope="code:write", query="?path=new&ref=work"),
    "DELETE project-file": Row(OURS, scope="code:write", query="?path=README&ref=work"),
    "GET project-checkouts": Row(OURS, scope="code:read"),
    "POST project-checkouts": Row(OURS, 201, {"branch": "work"}, "code:write"),
    "GET checkout": Row(OURS, scope="code:read"),
    "GET checkout-files": Row(OURS, scope="code:read"),
    "GET checkout-file": Row(OURS, query="?path=README", scope="code:read"),
    "PUT checkout-file": Row(OURS, 201, b"1", scope="code:write", query="?path=new"),
    "DELETE checkout-file": Row(OURS, scope="code:write", query="?path=README"),
    "GET checkout-diff": Row(OURS, scope="code:read"),
    "POST checkout-add": Row(OURS, scope="code:write"),
    "POST checkout-commit": Row(OURS, 201, {"message": "Work"}, "code:write"),
    "POST checkout-close": Row(OURS, scope="code:write"),
    "PUT upload": Row(LINK),
    "GET workflows": Row(SHARED, scope=""),
    "GET workflow": Row(SHARED, scope=""),
    "GET providers": Row(SHARED, scope=""),
    "GET admin-queues": Row(INSTALLATION),
    "POST admin-queue-pause": Row(INSTALLATION),
    "POST admin-queue-resume": Row(INSTALLATION),
    "GET admin-workers": Row(INSTALLATION),
    "POST admin-worker-drain": Row(INSTALLATION),
    "POST admin-worker-resume": Row(INSTALLATION),
    **{f"GET admin-{one}": Row(INSTALLATION) for one in ("agents", "agent", "jobs", "job")},
    "PATCH admin-agent": Row(INSTALLATION, body={"note": "Its disk is new."}),
    **{f"POST admin-agent-{verb}": Row(INSTALLATION) for verb in ("drain", "pause", "resume", "revoke")},
    "GET admin-enrolment-tokens": Row(INSTALLATION),
    "POST admin-enrolment-tokens": Row(INSTALLATION, 201, {"name": "office"}),
    "POST admin-enrolment-token-revoke": Row(INSTALLATION),
    **{f"POST admin-job-{verb}": Row(INSTALLATION) for verb in ("cancel", "retry")},
    "POST admin-runs-cancel": Row(INSTALLATION),
    "POST admin-runs-retry": Row(INSTALLATION),
    "POST admin-runs-prune": Row(INSTALLATION, body={"older_than_days": 1}),
    "GET store-link": Row(LINK),
    "PUT store-link": Row(LINK),
}
