"""The verbs `hive job say`, `pause`, `resume` and `hand-off`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hive.cli.remote.api import Api

job = typer.Typer(help="Steer a job under way: say something to it, pause it, hand its work on.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="JOB", help="The job's number.")]


@job.command()
def say(number: Number, text: Annotated[str, typer.Argument(help="What the model should know.")]) -> None:
    """Write to the job's model. It reads the message before its next call, once."""
    _steer(number, "message", {"text": text})
    typer.echo(f"Job {number} reads it before its next call of a model.")


@job.command()
def pause(number: Number) -> None:
    """Stop the job after its present step. Its work is kept, and its worker is free."""
    _steer(number, "pause")
    typer.echo(f"Job {number} stops after its present step. `hive job resume {number}` lets it go on.")


@job.command()
def resume(number: Number) -> None:
    """Let a paused job go on where it stood, as its next attempt."""
    _steer(number, "resume")
    typer.echo(f"The work of job {number} goes on.")


@job.command("hand-off")
def hand_off(
    number: Number,
    role: Annotated[str, typer.Argument(help="testing, back to coding, or the manager to plan again.")],
    message: Annotated[str, typer.Option("-m", "--message", help="Why, for who goes on.", show_default=False)] = "",
) -> None:
    """End the job with its work kept, and let the other role go on with it. The manager plans a new run."""
    steered = _steer(number, "hand-off", {"role": role, "text": message})
    if fresh := steered["planned_as"]:
        typer.echo(f"The run of job {number} ends, and the manager plans it again: run {fresh}.")
        return
    typer.echo(f"Job {number} ends, and {role} goes on with its work.")


def _steer(number: int, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    return Api().post(f"jobs/{number}/{verb}", body)
