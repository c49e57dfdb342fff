"""Configured: one model that may be asked, wherever it was written down: environment, file, admin."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings

from apps.projects.secrets import SecretError, unseal
from apps.providers.models import ROLES, Provider
from apps.providers.reading import BadModels, Described, read_file

# Where the usual providers' own programs look for a key: whoever has set one need not set it twice.
USUAL_KEYS = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "openai": ("OPENAI_API_KEY",),
}


class Source(StrEnum):
    ENVIRONMENT = "environment"
    FILE = "file"
    ADMIN = "admin"


@dataclass(frozen=True)
class Configured:
    """`price` is input, output, cached in US dollars per million tokens; None where nobody said."""

    name: str
    source: Source
    model: str
    api_key: str = field(default="", repr=False)
    api_base: str = ""
    price: tuple[float, float, float | None] | None = None
    max_output_tokens: int = 8192
    stall_s: float = 120.0
    roles: tuple[str, ...] = ()  # that ask it, in which place they may

    @property
    def provider(self) -> str:
        return self.model.partition("/")[0]

    @property
    def shown_base(self) -> str:
        """Scheme, host and port: an address may hold a password or a key elsewhere."""
        base = urlsplit(self.api_base)
        port = f":{base.port}" if base.hostname and base.port else ""
        return f"{base.scheme}://{base.hostname}{port}" if base.hostname else ""


def choose(role: str) -> list[Configured]:
    """The models for a role: the first is asked, the others, in order, if it fails. Empty: none is configured.

    What is set for the role counts before what is set for all; the environment before the file, that before admin.
    Raises reading.BadModels.
    """
    file, admin = read_file(), _from_admin()
    named = {one.name: one for one in (*_from_file(file.providers), *admin)}
    for wanted in (role, ""):
        if listed := settings.MODELS.get(wanted):
            return [named.get(item) or _from_environment(item) for item in listed]
        if listed := file.roles.get(wanted or "default"):
            return [named[item] for item in listed]
        if found := [one for one in admin if (wanted in one.roles if wanted else not one.roles)]:
            return found
    return list(_from_file(file.providers))


def all_configured() -> list[Configured]:
    """Every model that is written down anywhere, with the roles that ask it."""
    listed = {item: _from_environment(item) for items in settings.MODELS.values() for item in items}
    file = {one.name: one for one in _from_file(read_file().providers)}
    admin = {one.name: one for one in _from_admin()}
    found = {**{name: one for name, one in listed.items() if name not in (*file, *admin)}, **admin, **file}
    asked = {role: [one.name for one in choose(role)] for role in ROLES}
    return [replace(one, roles=tuple(role for role in ROLES if one.name in asked[role])) for one in found.values()]


def is_configured(role: str = "") -> bool:
    """Whether there is a model to ask, for this role or at all. Raises reading.BadModels."""
    return any(choose(one) for one in ([role] if role else ["", *ROLES]))


def keys() -> list[str]:
    """Every key, to be masked wherever it turns up. A file that cannot be read hides no others."""
    found = [settings.MODEL_API_KEY, *(os.environ.get(name, "") for names in USUAL_KEYS.values() for name in names)]
    found += [one.api_key for one in _from_admin()]
    with suppress(BadModels):
        found += [one.api_key for one in _from_file(read_file().providers)]
    return sorted({key for key in found if key})


def _from_environment(item: str) -> Configured:
    """provider/name: the key and the address that are set count for the provider of HIVE_MODEL's first."""
    provider = item.partition("/")[0]
    main = next((name for name in settings.MODELS.get("", ())), item).partition("/")[0]
    ours = provider == main
    key = settings.MODEL_API_KEY if ours else ""
    return Configured(
        item, Source.ENVIRONMENT, item, key or _usual_key(provider), settings.MODEL_API_BASE if ours else ""
    )


def _from_file(described: Sequence[Described]) -> list[Configured]:
    return [
        Configured(
            name=one.name,
            source=Source.FILE,
            model=one.model,
            api_key=one.key or _usual_key(one.model.partition("/")[0]),
            api_base=one.api_base,
            price=(one.price.input, one.price.output, one.price.cached) if one.price else None,
            max_output_tokens=one.max_output_tokens,
            stall_s=one.stall_s,
        )
        for one in described
    ]


def _from_admin() -> list[Configured]:
    return [
        Configured(
            name=row.name,
            source=Source.ADMIN,
            model=row.model,
            api_key=_opened(row) or _usual_key(row.model.partition("/")[0]),
            api_base=row.api_base,
            price=None
            if row.input_price is None or row.output_price is None
            else (row.input_price, row.output_price, row.cached_price),
            max_output_tokens=row.max_output_tokens,
            stall_s=row.stall_s,
            roles=tuple(row.roles.replace(",", " ").split()),
        )
        for row in Provider.objects.all()
    ]


def _opened(row: Provider) -> str:
    """A key that was sealed under another HIVE_SECRET_KEY is none: the provider will say so."""
    try:
        return unseal(bytes(row.sealed_key)) if row.sealed_key else ""
    except SecretError:
        return ""


def _usual_key(provider: str) -> str:
    return next((found for name in USUAL_KEYS.get(provider, ()) if (found := os.environ.get(name))), "")
