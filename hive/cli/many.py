"""The verbs `hive cancel`, `hive retry` and `hive prune`: runs by their numbers, or all that share something."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hive.cli import show, spans
from hive.cli.failure import Failure
from hive.cli.remote.api import Api, Refused

AT_ONCE = 100  # runs that are pruned by one request, so that it is answered in time

Runs = Annotated[list[int] | None, typer.Argument(help="Numbers of the runs.", show_default=False)]
Project = Annotated[str, typer.Option(help="Only of this project.", show_default=False)]
Limit = Annotated[int, typer.Option(min=1, max=500, help="At most so many, the newest first.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


def cancel(
    runs: Runs = None,
    everything: Annotated[bool, typer.Option("--all", help="Every run that goes on (operators).")] = False,
    project: Project = "",
    older_than: Annotated[str, typer.Option(help="Begun so long ago: 30m, 2h, 1d.", show_default=False)] = "",
    limit: Limit = 100,
    dry_run: DryRun = False,
) -> None:
    """Cancel runs: their commands are stopped, and everything they started."""
    chosen = _chosen(project, limit, dry_run, before=older_than)
    _one_way(runs, everything, "--all", bool(project or older_than or dry_run))
    if runs:
        _each(runs, _cancel)
    else:
        _many("admin/runs/cancel", chosen)


def retry(
    runs: Runs = None,
    failed: Annotated[bool, typer.Option("--failed", help="Every run that failed (operators).")] = False,
    since: Annotated[str, typer.Option(help="Ended since so long ago: 30m, 2h, 1d.", show_default=False)] = "",
    project: Project = "",
    limit: Limit = 100,
    dry_run: DryRun = False,
) -> None:
    """Start runs once more, each as a new run of the same spec version."""
    chosen = _chosen(project, limit, dry_run, since=since)
    _one_way(runs, failed, "--failed", bool(project or since or dry_run))
    if runs:
        _each(runs, _retry)
    else:
        _many("admin/runs/retry", chosen)


def prune(
    older_than: Annotated[int, typer.Option(min=1, help="Days since they ended.", show_default=False)],
    project: Project = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Remove runs that ended long ago, whole: jobs, events, output, artifacts. What is live stays."""
    api = Api()
    limit = 500 if dry_run else AT_ONCE
    body = {
        "older_than_days": older_than,
        "dry_run": dry_run,
        "limit": limit,
        **({"project": project} if project else {}),
    }
    total = {"runs": 0, "artifacts": 0, "size_bytes": 0}
    while True:
        gone = api.post("admin/runs/prune", body)
        total = {name: count + gone[name] for name, count in total.items()}
        if dry_run or not gone["more"] or not gone["runs"]:
            break
    more = " and more" if gone["more"] else ""
    would = "would go" if dry_run else "went"
    said = (
        f"{total['runs']} runs{more} {would}, with {total['artifacts']} artifacts ({show.size(total['size_bytes'])})."
    )
    typer.echo(said)


def _one_way(runs: list[int] | None, all_of_them: bool, option: str, filtered: bool) -> None:
    if bool(runs) == all_of_them:
        raise Failure(f"Name runs by their numbers, or say {option}.")
    if runs and filtered:
        raise Failure(f"Runs that are named are not chosen by anything else; that goes with {option}.")


def _chosen(project: str, limit: int, dry_run: bool, *, since: str = "", before: str = "") -> dict[str, Any]:
    times = {name: spans.ago(text) for name, text in (("since", since), ("before", before)) if text}
    return {"limit": limit, "dry_run": dry_run, **times, **({"project": project} if project else {})}


def _each(runs: list[int], act: Any) -> None:
    """One after the other, each told; the exit code is 1 where one of them was refused."""
    api, refused = Api(), 0
    for run in runs:
        try:
            typer.echo(act(api, run))
        except Refused as error:
            if len(runs) == 1:
                raise
            refused += 1
            typer.echo(f"Run {run}: {error}", err=True)
    if refused:
        raise typer.Exit(1)


def _cancel(api: Api, run: int) -> str:
    status = api.post(f"runs/{run}/cancel")["status"]
    return f"Run {run} is {'being canceled' if status in ('queued', 'running') else status}."


def _retry(api: Api, run: int) -> str:
    return f"Run {run} is started again as run {api.post(f'runs/{run}/retry')['id']}."


def _many(path: str, body: dict[str, Any]) -> None:
    told = Api().post(path, body)
    for one in told["runs"]:
        typer.echo(f"Run {one['run']}: {one['message']}")
    more = f" There may be more: at most {body['limit']} at a time." if len(told["runs"]) == body["limit"] else ""
    typer.echo(f"{told['done']} of {len(told['runs'])} runs.{more}", err=True)
