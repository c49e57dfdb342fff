"""The verb `hive token create`: makes an API key in the records of this home."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from hive.cli import show
from hive.cli.failure import Failure

token = typer.Typer(help="Make API keys.", no_args_is_help=True)


@token.command()
def create(
    name: Annotated[str, typer.Option(help="What it is for.")] = "made by hive token create",
    user: Annotated[str, typer.Option(help="For whom it acts.", show_default="the operator")] = "",
    project: Annotated[
        str, typer.Option(help="Only this project: SLUG or ORGANISATION/SLUG.", show_default="all")
    ] = "",
    scopes: Annotated[
        list[str] | None, typer.Option("--scope", "--scopes", help="What it may; repeat it, or use commas.")
    ] = None,
    days: Annotated[int, typer.Option(min=0, help="Valid for so many days; 0 for ever.")] = 90,
    as_json: Annotated[bool, typer.Option("--json", help="Print {key: …}.")] = False,
) -> None:
    """Make an API key. It is shown once. One that is bound to a project has no say over the installation."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hive.settings")
    import django

    django.setup()
    from django.db import OperationalError

    try:
        key, shown_name = _create(name, user, project, ",".join(scopes or ()), days)
    except OperationalError as error:
        raise Failure(
            f"The records cannot be read ({error}). Start Hive once with `hive up`, so that they are made."
        ) from None
    if as_json:
        show.as_json({"key": key})
    else:
        typer.echo(f"{key}\nKeep it now: it is not shown again. It acts for {shown_name}.", err=False)


def _create(name: str, user: str, project: str, scopes: str, days: int) -> tuple[str, str]:
    from datetime import timedelta

    from django.utils import timezone

    from apps.accounts.keys import ORDINARY, SCOPES, create_key

    person = _person(user)
    bound = _project(person, project) if project else None
    organisation = bound.organisation if bound else person.organisations.order_by("pk").first()
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    expires_at = timezone.now() + timedelta(days=days) if days else None
    try:
        usual = SCOPES if person.is_superuser and bound is None else ORDINARY
        made = create_key(
            person, organisation, name, wanted or usual, expires_at=expires_at, project_id=bound.pk if bound else None
        )
    except ValueError as error:
        raise Failure(str(error)) from None
    return made.key, f"{person.username} in {bound}" if bound else person.username


def _person(user: str) -> Any:
    from apps.accounts.models import User

    people = User.objects.filter(username=user) if user else User.objects.filter(is_superuser=True).order_by("pk")
    person = people.filter(is_active=True).first()
    if person is None or not person.organisations.exists():
        raise Failure(
            f"There is no active user {user!r} with an organisation."
            if user
            else "There is no operator yet; run `hive up`."
        )
    return person


def _project(person: Any, named: str) -> Any:
    """The project that this person may see; of two with one name, the organisation must say which."""
    from apps.projects.queries import visible_projects

    organisation, _, slug = named.rpartition("/")
    rows = visible_projects(person).filter(slug=slug)
    found = list((rows.filter(organisation__slug=organisation) if organisation else rows)[:2])
    if not found:
        raise Failure(f"{person.username} sees no project {named!r}; `hive project list` names them.")
    if len(found) > 1:
        raise Failure(f"There are several projects {slug!r}; write --project {found[0].organisation.slug}/{slug}.")
    return found[0]
