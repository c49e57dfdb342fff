"""A project's secrets: sealed at rest, opened only for the job that names them, never shown."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from apps.projects.models import Project, Secret

VALUE_LIMIT_BYTES = 64 * 1024
ORIGIN = "HIVE_ORIGIN"  # the password of the project's origin: for the worker that fetches and pushes, for no job


class SecretError(ValueError):
    """The secret cannot be kept or opened; the text says why and never holds the value."""


def put_secret(project: Project, name: str, value: str) -> Secret:
    """Add a secret, or replace the value of the one with this name. Raises SecretError."""
    if name.strip() == ORIGIN:
        raise SecretError(f"{ORIGIN} is the password of the project's origin; it is set together with the origin.")
    return keep_secret(project, name, value)


def keep_secret(project: Project, name: str, value: str) -> Secret:
    """The same, for Hive's own names too."""
    if not value:
        raise SecretError("The value is empty.")
    if len(value.encode()) > VALUE_LIMIT_BYTES:
        raise SecretError(f"The value is larger than {VALUE_LIMIT_BYTES // 1024} KiB.")
    secret = Secret(project=project, name=name.strip(), sealed=seal(value))
    try:
        secret.clean_fields(exclude=["project", "sealed"])
    except ValidationError as error:
        raise SecretError(f"Name: {' '.join(error.messages)}") from None
    kept, _ = Secret.objects.update_or_create(
        project=project, name=secret.name, defaults={"sealed": secret.sealed, "updated_at": timezone.now()}
    )
    return kept


def delete_secret(secret: Secret) -> None:
    secret.delete()


def open_secrets(project: Project, names: Iterable[str]) -> dict[str, str]:
    """The values of these secrets, for a job that names them. Raises SecretError naming those that are missing."""
    wanted = set(names)
    if ORIGIN in wanted:
        raise SecretError(f"{ORIGIN} is the password of the project's origin; no job is given it.")
    found = {row.name: unseal(bytes(row.sealed)) for row in project.secrets.filter(name__in=wanted)}
    if missing := sorted(wanted - set(found)):
        raise SecretError(f"The project {project.slug} has no secret {', '.join(missing)}; an owner can add it.")
    return found


def values_to_mask(project: Project) -> list[str]:
    """Every value that can be opened: whatever a job prints, none of them is stored in its output."""
    found = []
    for row in project.secrets.all():
        with suppress(SecretError):
            found.append(unseal(bytes(row.sealed)))
    return found


def seal(value: str) -> bytes:
    return _fernet((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)).encrypt(value.encode())


def unseal(sealed: bytes) -> str:
    """Raises SecretError if it was sealed under a key that this installation no longer has."""
    try:
        return _fernet((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)).decrypt(sealed).decode()
    except InvalidToken:
        raise SecretError("It was sealed under another HIVE_SECRET_KEY; an owner has to enter it again.") from None


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(key))) for key in keys])


def _derive(key: str) -> bytes:
    """A key for this purpose alone: what signs sessions must not open secrets by being printed somewhere."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"hive.project-secrets").derive(key.encode())
