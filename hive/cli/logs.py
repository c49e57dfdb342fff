"""The verb `hive logs`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from hive.cli.remote.api import Api

ENDED = ("completed", "failed", "canceled")


def logs(
    run: Annotated[int, typer.Argument(help="Number of the run.")],
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the run has ended.")] = False,
    job: Annotated[int, typer.Option(help="Only this job's output.", show_default=False)] = 0,
) -> None:
    """Print what the jobs of a run have printed."""
    api = Api()
    if job:
        _print(api, api.get(f"jobs/{job}"), follow=follow)
        return
    seen: set[int] = set()
    if follow:
        _follow(api, run, seen)
        return
    for one in api.pages(f"runs/{run}/jobs", page_size=100):
        if one["started_at"]:
            _print(api, one, follow=False)


def _follow(api: Api, run: int, seen: set[int]) -> None:
    """Each job from its start to its end, in the order in which they began; nothing is left out."""
    for message in api.stream(f"runs/{run}/stream", until="end"):
        if message.event == "job" and message.data["data"].get("to") == "running":
            job_id = message.data["data"]["id"]
            if job_id not in seen:
                seen.add(job_id)
                _print(api, api.get(f"jobs/{job_id}"), follow=True)


def _print(api: Api, job: Any, *, follow: bool) -> None:
    what = " ".join(filter(None, [job["step"], job["task"]]))
    typer.echo(f"==> {what} (job {job['id']}, {job['status']})", err=not sys.stdout.isatty())
    if follow and job["status"] not in ENDED:
        for message in api.stream(f"jobs/{job['id']}/log/stream"):
            if message.event != "end":
                sys.stdout.write(message.data["text"])
                sys.stdout.flush()
        return
    for piece in api.text(f"jobs/{job['id']}/log"):
        sys.stdout.buffer.write(piece)
    sys.stdout.flush()
