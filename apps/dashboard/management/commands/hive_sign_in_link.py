"""Print a link that signs an operator in once, within 15 minutes: {"sign_in": path}."""

from __future__ import annotations

import json
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from apps.accounts.models import User
from apps.accounts.sign_in import sign_in_link


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", nargs="?", help="Whom to sign in. Empty: the first operator.")

    def handle(self, *args: Any, username: str | None = None, **options: Any) -> None:  # noqa: ARG002 - Django's
        people = User.objects.filter(is_active=True).order_by("pk")
        found = people.filter(username=username) if username else people.filter(is_superuser=True)
        user = found.first()
        if user is None:
            raise CommandError(f"There is no active user {username!r}." if username else "There is no operator yet.")
        self.stdout.write(json.dumps({"sign_in": sign_in_link(user)}))
