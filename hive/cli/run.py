"""The verb `hive run`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hive.cli import show
from hive.cli.failure import Failure
from hive.cli.remote.api import Api, Refused

COUNTED = ("calls", "tokens", "steps")
EXIT_CODES = {"completed": 0, "failed": 1, "canceled": 3}
LARGEST_SPEC_BYTES = 1024 * 1024


def run(  # noqa: PLR0913 - one per option
    spec: Annotated[str, typer.Argument(help="File with a spec, or - for standard input.", show_default=False)] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Show progress, and return when the run has ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    project: Annotated[str, typer.Option(help="Project to run in; made at its first use.", show_default=False)] = "",
    engine: Annotated[str, typer.Option(help="How code is written: template, model …", show_default=False)] = "",
    story: Annotated[str, typer.Option(help="A sentence or two instead of a spec.", show_default=False)] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: what is unclear is decided.")] = False,
    budget_usd: Annotated[float | None, typer.Option(help="What its models may cost, in US dollars.", min=0)] = None,
    budget: Annotated[
        list[str] | None,
        typer.Option(help="Another limit: calls=N, tokens=N, steps=N, time=1h. May be repeated.", show_default=False),
    ] = None,
    branch: Annotated[
        str, typer.Option(help="Branch of the project on which the work begins.", show_default=False)
    ] = "",
    runs_on: Annotated[list[str] | None, typer.Option(help="Tag that agents must have to run the tests.")] = None,
    code_on: Annotated[list[str] | None, typer.Option(help="Tag that agents must have to run the commands.")] = None,
    workflow: Annotated[str, typer.Option(help="`noop` only shows that every role answers.", hidden=True)] = "",
) -> None:
    """Start a run of a spec, or of a story from which a model writes one.

    With --wait it exits with 0 when the run completed, 1 failed, 3 canceled; 2 is for a spec or a server that is wrong.
    """
    if bool(spec) + bool(story) + bool(workflow) != 1:
        raise Failure("Name one spec file (or - for standard input), or give a --story.")
    wanted: dict[str, Any] = {"project": project, "engine": engine, "story": story, "workflow": workflow}
    wanted |= {"unattended": yes, "budget": limits(budget_usd, budget or []), "runs_on": by_role(runs_on, code_on)}
    wanted |= {"branch": branch, "spec": read_spec(spec) if spec else ""}
    api = Api()
    started = _start(api, wanted, spec or "the story")
    ended = _follow(api, started["id"], quiet=as_json) if wait else started
    if as_json:
        show.as_json(summary(api, ended))
    elif not wait:
        typer.echo(f"Run {started['id']} is {started['status']}: {api.address.url}/runs/{started['id']}")
    raise typer.Exit(EXIT_CODES[ended["status"]] if wait else 0)


def _start(api: Api, wanted: dict[str, Any], name: str) -> Any:
    try:
        return api.post("runs", {key: value for key, value in wanted.items() if value})
    except Refused as refused:
        raise explain(refused, name) from None


def by_role(testing: list[str] | None, coding: list[str] | None) -> dict[str, list[str]]:
    """Agents' tags as the API takes them: of a role that is not named, the spec says it."""
    return {role: tags for role, tags in (("testing", testing), ("coding", coding)) if tags}


def limits(usd: float | None, others: list[str]) -> dict[str, Any]:
    """The budget as the API takes it. Raises Failure."""
    found: dict[str, Any] = {} if usd is None else {"usd": usd}
    for one in others:
        name, _, value = one.partition("=")
        if name not in COUNTED and name != "time":
            raise Failure(f"--budget {one}: name one of {', '.join(COUNTED)}, time, such as tokens=200000 or time=1h.")
        if name in COUNTED and not value.isdecimal():
            raise Failure(f"--budget {one}: {value!r} is not a whole number.")
        found[name] = int(value) if name in COUNTED else value
    return found


def _follow(api: Api, run_id: int, *, quiet: bool) -> Any:
    from hive.cli.remote import watch

    if not quiet:
        return watch.follow(api, run_id)
    for _ in api.stream(f"runs/{run_id}/stream", until="end"):
        pass
    return api.get(f"runs/{run_id}")


def read_spec(name: str) -> str:
    """The text of a spec. What cannot be one is refused here, before anything is sent."""
    try:
        data = sys.stdin.buffer.read(LARGEST_SPEC_BYTES + 1) if name == "-" else _read(Path(name))
    except OSError as error:
        raise Failure(f"{name}: {error.strerror}.") from None
    if len(data) > LARGEST_SPEC_BYTES:
        raise Failure(f"{name} has more than {LARGEST_SPEC_BYTES:,} bytes; a spec has 1 MiB at most.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Failure(f"{name} is not a text: byte {error.start} is not UTF-8.") from None


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST_SPEC_BYTES + 1)


def explain(refused: Refused, name: str) -> Failure:
    """The server's problems with a spec, one line each: file:line:column: what, and what would be right."""
    problems = refused.problem.get("problems")
    if not problems:
        return refused
    lines = [f"{name}: {len(problems)} problem{'s' if len(problems) > 1 else ''}"]
    for problem in problems:
        where = ":".join(str(problem[key]) for key in ("line", "column") if problem.get(key)) or problem.get("path", "")
        lines.append(f"  {name}:{where}: {problem['message']} {problem.get('hint') or ''}".rstrip())
    return Failure("\n".join(lines))


def summary(api: Api, run: Any) -> dict[str, Any]:
    """What `--json` prints."""
    jobs = list(api.pages(f"runs/{run['id']}/jobs", page_size=100))
    return {
        "id": run["id"],
        "status": run["status"],
        "reason": run["reason"],
        "message": run["message"],
        "url": f"{api.address.url}/runs/{run['id']}",
        "jobs": [
            {
                key: job.get(key)
                for key in ("id", "role", "step", "task", "round", "attempt", "status", "reason", "message")
            }
            for job in jobs
        ],
        "release": run.get("release"),
    }
