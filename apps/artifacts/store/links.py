"""Signed links to a store that has no web server of its own: Hive's serves them, at STORE_LINKS.

What a link permits stands in the link, under Django's signature: which key, for what, until when.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.conf import settings
from django.core import signing

from apps.artifacts.store.keys import check_key
from apps.artifacts.store.port import Link

SALT = "hive.artifacts.link"


class BadLink(Exception):
    """The link is not one of ours, was changed, or is for something else."""


class LinkExpired(BadLink):
    """The link has expired."""


@dataclass(frozen=True)
class Permit:
    """What a link permits. `size_bytes` counts for put and part, the two names for get, the upload for part."""

    operation: Literal["get", "put", "part"]
    key: str
    expires_s: float
    size_bytes: int = 0
    file_name: str = ""
    content_type: str = ""
    upload: str = ""
    number: int = 0


def to_get(key: str, expires_s: float, file_name: str = "", content_type: str = "") -> Link:
    return sign(Permit("get", key, expires_s, file_name=file_name, content_type=content_type))


def to_put(key: str, expires_s: float, size_bytes: int) -> Link:
    return sign(Permit("put", key, expires_s, size_bytes=size_bytes))


def to_part(key: str, upload: str, number: int, expires_s: float, size_bytes: int) -> Link:
    return sign(Permit("part", key, expires_s, size_bytes=size_bytes, upload=upload, number=number))


def sign(permit: Permit) -> Link:
    check_key(permit.key)
    token = signing.TimestampSigner(salt=SALT).sign_object(asdict(permit), compress=True)
    expires_at = datetime.now(UTC) + timedelta(seconds=permit.expires_s)
    return Link(f"{settings.STORE_LINKS}{token}", expires_at)


def read(token: str, *operations: str) -> Permit:
    """What this link permits. Raises BadLink, and LinkExpired where it did so until recently."""
    signer = signing.TimestampSigner(salt=SALT)
    try:
        permit = Permit(**signer.unsign_object(token))
        signer.unsign(token, max_age=timedelta(seconds=permit.expires_s))
    except signing.SignatureExpired as error:
        raise LinkExpired("This link has expired; ask for a new one.") from error
    except (signing.BadSignature, TypeError, ValueError) as error:
        raise BadLink("This link is not valid.") from error
    if permit.operation not in operations:
        raise BadLink(f"This link is for {permit.operation} only.")
    return permit
