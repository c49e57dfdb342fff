"""Make the records ready: migrations, the first organisation and person, the CLI key; what a dead worker left goes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, call_command
from django.db import transaction

from apps.accounts.keys import SCOPES, create_key, find_key
from apps.accounts.models import Membership, Organisation, Role, User
from apps.accounts.sign_in import sign_in_link
from apps.artifacts.store import StoreError, store
from apps.runs.services.dispatch import advance
from apps.runs.services.reap import reap_dead_workers
from workers.tidy import tidy


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        call_command("migrate", verbosity=0, interactive=False)
        self._prepare_store()
        with transaction.atomic():
            user, organisation = first_person()
            key_file = cli_key(user, organisation, settings.HOME.cli)
        for run_id in reap_dead_workers():
            with transaction.atomic():
                advance(run_id)
        tidy()
        told = {"user": user.username, "api_key_file": str(key_file), "sign_in": sign_in_link(user)}
        self.stdout.write(json.dumps(told))

    def _prepare_store(self) -> None:
        """A store that is away now does not keep Hive from starting: /readyz names it until it is back."""
        try:
            store().prepare(settings.STORE_PATIENCE_S)
        except StoreError as error:
            self.stderr.write(f"{error} `hive migrate` (or the next `hive up`) makes its place when it is back.")


def first_person() -> tuple[User, Organisation]:
    """The operator of this installation, and the organisation that they own."""
    organisation, _ = Organisation.objects.get_or_create(slug="hive", defaults={"name": "Hive"})
    user = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if user is None:
        user = User.objects.create_superuser("admin")  # no password: the sign-in link lets them in to set one
    Membership.objects.get_or_create(organisation=organisation, user=user, defaults={"role": Role.OWNER})
    return user, organisation


def cli_key(user: User, organisation: Organisation, path: Path) -> Path:
    """The key that the `hive` command uses on this machine, in a file that only its owner can read."""
    try:
        found = find_key(json.loads(path.read_text())["key"])
        if found and set(SCOPES) <= set(found.scopes):
            return path
    except (OSError, ValueError, KeyError, TypeError):
        pass  # missing, damaged or of another database: a new one is made, as of one that may less
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps({"key": create_key(user, organisation, "hive command on this machine", SCOPES).key}))
    fresh.replace(path)
    return path
