"""The verb `hive approve`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from hive.cli import show
from hive.cli.failure import Failure
from hive.cli.remote.api import Api


def approve(
    gate: Annotated[int, typer.Argument(help="Number of the gate; without one, the gates that wait.")] = 0,
    answer: Annotated[
        list[str] | None,
        typer.Option(
            "--answer", "-a", help="An answer to what it asks; once per question, in order.", show_default=False
        ),
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Reject it: the run ends as failed.")] = False,
    message: Annotated[str, typer.Option("-m", "--message", help="Why.", show_default=False)] = "",
) -> None:
    """Approve a gate, answer what it asks, or reject it.

    On a terminal, what is not answered with -a is asked for.
    """
    api = Api()
    if not gate:
        _list(api)
        return
    body: dict[str, Any] = {"message": message}
    if not reject and (questions := api.get(f"gates/{gate}")["questions"]):
        body["answers"] = answers_to(questions, answer or [])
    elif answer:
        raise Failure("A gate that is rejected needs no answers." if reject else f"Gate {gate} asks no questions.")
    decided = api.post(f"gates/{gate}/{'reject' if reject else 'approve'}", body)
    typer.echo(f"Gate {gate} ({decided['name']} of run {decided['run']}) is {decided['status']}.")


def _list(api: Api) -> None:
    rows = [
        (str(one["id"]), one["name"], str(one["run"]), one["opened_at"], " ".join(_texts(one["questions"])))
        for one in api.pages("gates", status="pending")
    ]
    if rows:
        show.table(("gate", "name", "run", "since", "questions"), rows)
    else:
        typer.echo("No gate waits.")


def _texts(questions: list[Any]) -> list[str]:
    return [f"{number}. {one['text']}" for number, one in enumerate(questions, 1)]


def answers_to(questions: list[Any], given: list[str]) -> list[str]:
    """Those given, and on a terminal what a person types for the rest. Raises Failure where one is missing."""
    missing = [number for number, one in enumerate(questions[len(given) :], len(given) + 1) if one["required"]]
    if sys.stdin.isatty():
        return [*given, *(_ask(number, questions[number - 1]) for number in range(len(given) + 1, len(questions) + 1))]
    if missing:
        asked = "\n".join(f"  {line}" for line in _texts(questions))
        raise Failure(f"It asks, and needs an answer (-a) to question {', '.join(map(str, missing))}:\n{asked}")
    return given


def _ask(number: int, question: Any) -> str:
    """One answer from the terminal; a choice may be named by its number."""
    typer.echo(f"{number}. {question['text']}")
    choices = question["choices"]
    for at, choice in enumerate(choices, 1):
        typer.echo(f"   {at}) {choice}")
    while True:
        said = str(typer.prompt("  ", default="", show_default=False, prompt_suffix="> ")).strip()
        if choices and said.isdecimal() and 1 <= int(said) <= len(choices):
            return str(choices[int(said) - 1])
        if (said or not question["required"]) and (not said or not choices or said in choices):
            return said
        typer.echo("   One of the choices, please." if choices else "   It needs an answer.")
