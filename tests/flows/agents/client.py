"""An agent's side of the protocol without the work: what many of them cost, and who gets what."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class Client:
    """One agent. `done`: the jobs that it has begun and ended, each as often as it did."""

    url: str
    token: str
    name: str
    slots: int = 1
    done: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=f"{self.url}/api/v1", timeout=70.0, trust_env=False)
        said = self.call("POST", "/agent/register", token=self.token, name=self.name, slots=self.slots).json()
        self.http.headers["Authorization"] = f"Bearer {said['token']}"

    def call(self, method: str, path: str, **body: Any) -> httpx.Response:
        answer = self.http.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def ask(self, wait_s: float) -> list[dict[str, Any]]:
        """What it is offered within that time."""
        answer = self.http.get("/jobs/next", params={"wait": wait_s, "capacity": self.slots})
        assert answer.status_code in (200, 204), answer.text
        return answer.json()["jobs"] if answer.status_code == 200 else []

    def begin(self, job: dict[str, Any]) -> bool:
        """Whether it is ours to do."""
        path, body = f"/jobs/{job['id']}/status", {"lease": job["lease"], "state": "running"}
        return self.http.put(path, json=body).is_success

    def end(self, job: dict[str, Any], output: bytes = b"") -> None:
        if output:
            headers = {"Content-Range": f"bytes 0-{len(output) - 1}/{len(output)}", "Hive-Lease": job["lease"]}
            kind = {"Content-Type": "application/octet-stream"}
            assert self.http.patch(f"/jobs/{job['id']}/log", content=output, headers=headers | kind).is_success
        log = {"bytes": len(output), "crc32": zlib.crc32(output)}
        body = {"lease": job["lease"], "state": "completed", "exit_code": 0, "log": log}
        assert self.call("PUT", f"/jobs/{job['id']}/status", **body).status_code == 200
        self.done.append(job["id"])

    def work(self, wait_s: float) -> int:
        """Ask once, and do all that it is given side by side; how many that was."""
        begun = [job for job in self.ask(wait_s) if self.begin(job)]
        for job in begun:
            self.end(job, f"job {job['id']}\n".encode())
        return len(begun)
