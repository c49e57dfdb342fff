"""The verb `hive sign-in`: a link that lets a person in once, made in the records of this installation."""

from __future__ import annotations

import os
from typing import Annotated
from urllib.parse import urljoin

import typer

from hive import env
from hive.cli.failure import Failure
from hive.cli.up import state
from hive.home import Home


def sign_in(
    user: Annotated[str, typer.Argument(help="Whom it signs in.", show_default="the operator")] = "",
    url: Annotated[
        str, typer.Option(help="Address of the web server.", show_default="HIVE_URL, or where Hive runs")
    ] = "",
) -> None:
    """Print a link that signs a person in, once, within 15 minutes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hive.settings")
    import django

    django.setup()
    from apps.accounts.models import User
    from apps.accounts.sign_in import sign_in_link

    people = User.objects.filter(is_active=True).order_by("pk")
    found = (people.filter(username=user) if user else people.filter(is_superuser=True)).first()
    if found is None:
        raise Failure(f"There is no active user {user!r}." if user else "There is no operator yet.")
    base = url or env.get("HIVE_URL") or _here()
    typer.echo(urljoin(base, sign_in_link(found)))


def _here() -> str:
    """Where the Hive of this home listens; one whose parts were started by others listens on HIVE_PORT."""
    running = state.running(Home(env.get("HIVE_HOME")))
    return str(running["url"]) if running else f"http://localhost:{env.get('HIVE_PORT')}"
