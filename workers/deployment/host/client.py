"""HostClient: the verbs of the host as methods, for Celery workers and anybody else on this machine."""

from __future__ import annotations

import base64
import json
import socket
import time
from pathlib import Path
from typing import Any

from workers.deployment.host.errors import HostFailed, HostUnavailable, error_from
from workers.deployment.host.plan import Plan
from workers.deployment.host.views import HostView, ReleaseView, RouteView

RETRY_S = 0.1
ANSWER_S = 60.0
LINE_BYTES = 16 * 1024 * 1024


class HostClient:
    """Safe to share between threads: each call has its own connection.

    `patience_s` is how long a call waits for a host that is not there; `hive up` starts a dead one again within
    seconds. A call whose answer is lost on the way is repeated, because every verb may come twice. Raises
    HostUnavailable when the patience is over, or the HostError that the host answered. `front` is the name of the
    machine or container that the host's public ports are on.
    """

    def __init__(self, socket_path: Path, patience_s: float = 10.0, front: str = "127.0.0.1") -> None:
        self.socket_path = socket_path
        self.front = front
        self.patience_s = patience_s

    def start(self, plan: Plan) -> ReleaseView:
        """Run a release, unless it runs already. Raises LaunchFailed, ReleaseConflict."""
        return ReleaseView.read(self._call("start", **plan.as_json()))

    def stop(self, release: str, *, grace_s: float = 5.0, drain_s: float = 5.0) -> ReleaseView:
        """Give its visitors `drain_s` to finish, TERM, `grace_s`, KILL. Fine if it does not run."""
        return ReleaseView.read(self._call("stop", release=release, grace_s=grace_s, drain_s=drain_s))

    def restart(self, release: str, *, launches: int | None = None, grace_s: float = 5.0) -> ReleaseView:
        """Start it afresh, dead or alive. With the `launches` of a view: not if it was restarted since that view."""
        return ReleaseView.read(self._call("restart", release=release, launches=launches, grace_s=grace_s))

    def route(self, environment: str, release: str | None, generation: int, *, port: int | None = None) -> RouteView:
        """Show this release at the environment's port (None: nothing). `port` is a wish, for the first time only.

        Raises StaleGeneration if a switch with this generation or a later one has been made; the same switch again
        is fine. Raises ReleaseNotRunning for a release that could not answer.
        """
        return RouteView(
            **self._call("route", environment=environment, release=release, generation=generation, port=port)
        )

    def list(self) -> HostView:
        return HostView.read(self._call("list"))

    def logs(self, release: str, limit_bytes: int = 64 * 1024) -> bytes:
        """The end of the release's log, at most 256 KiB. Raises UnknownRelease."""
        return base64.b64decode(self._call("logs", release=release, limit_bytes=limit_bytes))

    def forget(self, release: str) -> None:
        """End it if it runs, and remember it no longer. Raises ReleaseConflict if an environment shows it."""
        self._call("forget", release=release)

    def _call(self, verb: str, **values: Any) -> Any:
        line = json.dumps({"verb": verb, **values}).encode() + b"\n"
        answer_s = ANSWER_S + values.get("grace_s", 0) + values.get("drain_s", 0)
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                answer = self._ask(line, answer_s)
                if answer["ok"]:
                    return answer["value"]
                raise error_from(**answer["error"])
            except HostUnavailable:
                if time.monotonic() > deadline:
                    raise
            time.sleep(RETRY_S)

    def _ask(self, line: bytes, answer_s: float) -> dict[str, Any]:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(answer_s)
                connection.connect(str(self.socket_path))
                connection.sendall(line)
                with connection.makefile("rb") as stream:
                    answer = stream.readline(LINE_BYTES)
        except TimeoutError:
            raise HostFailed(f"The host did not answer within {answer_s:g} s. Look at its log.") from None
        except OSError as error:
            why = error.strerror or str(error)
            raise HostUnavailable(
                f"The host is not running ({self.socket_path}: {why}). `hive up` starts it; `hive status` tells more."
            ) from None
        if not answer.endswith(b"\n"):
            raise HostUnavailable("The host ended while it answered. Ask again when it is back.")
        return json.loads(answer)
