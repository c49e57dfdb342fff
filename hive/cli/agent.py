"""The verbs `hive agent run` and `hive agent token`. The first needs neither Django nor the records."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from hive.cli import show, spans
from hive.cli.failure import Failure

agent = typer.Typer(help="Be a remote agent; let machines join.", no_args_is_help=True)

Text = str | None


@agent.command()
def run(
    server: Annotated[Text, typer.Option(help="Where Hive is: https://hive.example.org.", show_default=False)] = None,
    token: Annotated[Text, typer.Option(help="Enrolment token, for the first start.", show_default=False)] = None,
    name: Annotated[Text, typer.Option(help="What it is called.", show_default="this machine's name")] = None,
    tags: Annotated[Text, typer.Option(help="Take only jobs with these, by commas.", show_default="all")] = None,
    slots: Annotated[int | None, typer.Option(help="Jobs at a time.", show_default="1")] = None,
    home: Annotated[Path | None, typer.Option(help="Credential, scratch space, caches.", show_default=False)] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with the same names.", show_default=False)] = None,
) -> None:
    """Take jobs from a Hive elsewhere. SIGTERM: finish and end; a second one: end at once."""
    try:
        from workers.agent.main import main
        from workers.agent.server import ServerError
        from workers.agent.settings import BadSettings
        from workers.sandbox.port import SandboxError
    except ModuleNotFoundError as error:
        raise Failure(f"{error.name} is missing: install hive[agent].") from None
    told = {"server": server, "token": token, "name": name, "tags": tags, "slots": slots, "home": home}
    try:
        main(told, config)
    except (BadSettings, ServerError, SandboxError) as error:
        raise Failure(str(error)) from None


@agent.command()
def token(
    name: Annotated[str, typer.Option(help="What it is for.")] = "made by hive agent token",
    tags: Annotated[str, typer.Option(help="What those who join may run, by commas.", show_default=False)] = "",
    most: Annotated[int, typer.Option(min=1, help="How many agents it lets in.")] = 1,
    span: Annotated[str, typer.Option("--for", help="How long it is good: 30m, 24h.")] = "24h",
    organisation: Annotated[str, typer.Option(help="Only its jobs (slug).", show_default="all")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print {token: …}.")] = False,
) -> None:
    """Make an enrolment token. It is shown once."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hive.settings")
    import django

    django.setup()
    from apps.accounts.models import Organisation, User
    from apps.fleet.services.enrol import create_token

    whose = Organisation.objects.filter(slug=organisation).first() if organisation else None
    if organisation and whose is None:
        raise Failure(f"There is no organisation {organisation!r}.")
    operator = User.objects.filter(is_superuser=True).order_by("pk").first()
    words = [tag.strip() for tag in tags.split(",") if tag.strip()]
    try:
        made = create_token(operator, name, tags=words, most=most, lives=spans.read(span), organisation=whose)
    except ValueError as error:
        raise Failure(str(error)) from None
    if as_json:
        show.as_json({"token": made.token})
    else:
        typer.echo(f"{made.token}\nKeep it now: it is not shown again. `hive agent run --server … --token …` joins.")
