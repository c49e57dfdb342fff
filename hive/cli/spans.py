"""Spans of time as people type them: 90s, 30m, 2h, 7d."""

from __future__ import annotations

import datetime
import re

import typer

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LONGEST = datetime.timedelta(days=36_500)


def read(text: str) -> datetime.timedelta:
    """Raises typer.BadParameter."""
    found = re.fullmatch(r"(\d{1,9})([smhd])", text.strip().lower())
    span = datetime.timedelta(**{UNITS[found[2]]: int(found[1])}) if found else datetime.timedelta()
    if not datetime.timedelta() < span <= LONGEST:
        raise typer.BadParameter(f"{text!r} is no span of time; use a number with s, m, h or d, such as 90s, 2h or 7d.")
    return span


def ago(text: str) -> str:
    """The moment so long ago, as the API reads it."""
    return (datetime.datetime.now(datetime.UTC) - read(text)).isoformat()


def ahead(text: str) -> str:
    return (datetime.datetime.now(datetime.UTC) + read(text)).isoformat()
