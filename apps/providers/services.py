"""Verbs that change providers."""

from __future__ import annotations

from django.db import transaction

from apps.projects.secrets import seal
from apps.providers.models import Provider


def put_provider(provider: Provider, api_key: str | None = None) -> None:
    """Keep it. A key replaces the one it had; None leaves that, an empty one takes it away."""
    with transaction.atomic():
        if api_key is not None:
            provider.sealed_key = seal(api_key) if api_key else b""
        provider.full_clean()
        provider.save()


def delete_provider(provider: Provider) -> None:
    provider.delete()
