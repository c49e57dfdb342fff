"""s3://key:secret@host:port/bucket?secure=0&region=…&links=…, and what it means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

FORM = "s3://key:secret@host:port/bucket?secure=0"
OPTIONS = ("secure", "region", "links")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
THROUGH_HIVE = "hive"
USUAL_REGION = "us-east-1"  # what servers of one's own expect, unless they were told otherwise
AWS_REGION = re.compile(r"s3[.-](?:dualstack\.)?([a-z]+-[a-z-]+-\d)\.amazonaws\.com(?:\.cn)?")


@dataclass(frozen=True)
class Address:
    """Where the bucket is, and how people's browsers get to it.

    `links`: the origin (https://host) that signed links lead to; empty: the endpoint itself; `hive`: Hive's own web
    server, for a store that browsers cannot reach.
    """

    endpoint: str
    key: str
    secret: str = field(repr=False)
    bucket: str
    secure: bool = True
    region: str = USUAL_REGION
    links: str = ""


def read_address(url: str) -> Address:
    """Raises ImproperlyConfigured with a sentence that does not hold the secret."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    bucket = unquote(parts.path.strip("/"))
    try:
        endpoint = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        endpoint = ""
    _require(bool(endpoint), "names no host, or a port that is none")
    _require(bool(parts.username and parts.password), "names no key and secret; special characters are %-encoded")
    _require(bool(BUCKET.fullmatch(bucket)), f"{bucket!r} is not the name of a bucket")
    unknown = sorted(set(options) - set(OPTIONS))
    _require(not unknown, f"{', '.join(unknown)} is not an option; there are {', '.join(OPTIONS)}")
    _require(options.get("secure", "1") in ("0", "1"), "secure is 1 (https) or 0 (http)")
    return Address(
        endpoint=endpoint,
        key=unquote(parts.username or ""),
        secret=unquote(parts.password or ""),
        bucket=bucket,
        secure=options.get("secure", "1") == "1",
        region=options.get("region") or _region_of(parts.hostname or ""),
        links=_links(options.get("links", "")),
    )


def _region_of(host: str) -> str:
    named = AWS_REGION.fullmatch(host)
    return named.group(1) if named else USUAL_REGION


def _links(value: str) -> str:
    origin = urlsplit(value)
    plain = origin.scheme in ("http", "https") and origin.netloc and origin.path in ("", "/") and not origin.query
    _require(value in ("", THROUGH_HIVE) or bool(plain), f"links is {THROUGH_HIVE!r} or an origin such as https://host")
    return value.rstrip("/")


def _require(met: bool, complaint: str) -> None:
    if not met:
        raise ImproperlyConfigured(f"HIVE_STORE_URL: {complaint}. Its form is {FORM}.")
