"""The verb `hive token create`: makes an API key in the records of this home."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from hive.cli import show
from hive.cli.failure import Failure

token = typer.Typer(help="Make API keys.", no_args_is_help=True)


@token.command()
def create(
    name: Annotated[str, typer.Option(help="What it is for.")] = "made by hive token create",
    user: Annotated[str, typer.Option(help="For whom it acts.", show_default="the operator")] = "",
    scopes: Annotated[str, typer.Option(help="Separated by commas.", show_default="all")] = "",
    days: Annotated[int, typer.Option(min=0, help="Valid for so many days; 0 for ever.")] = 90,
    as_json: Annotated[bool, typer.Option("--json", help="Print {key: …}.")] = False,
) -> None:
    """Make an API key. It is shown once."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hive.settings")
    import django

    django.setup()
    from django.db import OperationalError

    try:
        key, shown_name = _create(name, user, scopes, days)
    except OperationalError as error:
        raise Failure(
            f"The records cannot be read ({error}). Start Hive once with `hive up`, so that they are made."
        ) from None
    if as_json:
        show.as_json({"key": key})
    else:
        typer.echo(f"{key}\nKeep it now: it is not shown again. It acts for {shown_name}.", err=False)


def _create(name: str, user: str, scopes: str, days: int) -> tuple[str, str]:
    from datetime import timedelta

    from django.utils import timezone

    from apps.accounts.keys import ORDINARY, SCOPES, create_key
    from apps.accounts.models import User

    people = User.objects.filter(username=user) if user else User.objects.filter(is_superuser=True).order_by("pk")
    person = people.filter(is_active=True).first()
    organisation = person.organisations.order_by("pk").first() if person else None
    if person is None or organisation is None:
        raise Failure(
            f"There is no active user {user!r} with an organisation."
            if user
            else "There is no operator yet; run `hive up`."
        )
    try:
        usual = SCOPES if person.is_superuser else ORDINARY
        wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()] or usual
        expires_at = timezone.now() + timedelta(days=days) if days else None
        return create_key(person, organisation, name, wanted, expires_at=expires_at).key, person.username
    except ValueError as error:
        raise Failure(str(error)) from None
