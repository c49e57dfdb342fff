"""A project's origin: the repository elsewhere that it is a copy of, and the password for it.

The address never holds a name or a password, and the password is a secret under a name that no spec can ask for: only
the worker that fetches and pushes is given it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, unquote, urlsplit

from django.db import transaction

from apps.projects.models import Project, Secret
from apps.projects.secrets import ORIGIN, keep_secret, unseal

SCHEMES = ("https", "http", "ssh", "file")
LONGEST = 500
SCP = re.compile(r"(?:(?P<user>[A-Za-z0-9._-]{1,100})@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>[^/:][^:]*)")
PRINTABLE = re.compile(r"[!-~]+")
BRANCH = re.compile(r"(?![-.])(?!.*(?:\.\.|//|@\{|/\.|\.lock(?:/|$)))[^\x00-\x20\x7f~^:?*\[\\]+(?<![/.])")


class BadOrigin(ValueError):
    """What cannot be a project's origin; `where` names the part, the text never holds a password."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(message)
        self.where = where


@dataclass(frozen=True)
class Wanted:
    """What an origin is to be. `password` None: as it is; empty: none."""

    url: str
    user: str = ""
    password: str | None = field(default=None, repr=False)
    branch: str = ""
    push: str = Project.Push.BRANCH


@dataclass(frozen=True)
class Credential:
    """What the origin wants to know of who comes: a name, and a password, a token or a private key."""

    user: str
    secret: str = field(repr=False)


def set_origin(project: Project, wanted: Wanted) -> Project:
    """Give the project this origin. It is fetched by a run of its own, or by the next build. Raises BadOrigin.

    A password belongs to the server that it was entered for: with another one it goes, unless a new one comes along.
    """
    wanted = _taken_apart(wanted)
    _check(wanted)
    with transaction.atomic():
        row = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        moved = server_of(row.origin_url) != server_of(wanted.url) or row.origin_user != wanted.user
        if moved or wanted.password == "":
            Secret.objects.filter(project=row, name=ORIGIN).delete()
        if wanted.password:
            keep_secret(row, ORIGIN, wanted.password)
        if row.origin_url != wanted.url:
            row.origin_seen_at = None
        row.origin_url, row.origin_user = wanted.url, wanted.user
        row.origin_branch, row.origin_push = wanted.branch, wanted.push
        row.save(update_fields=["origin_url", "origin_user", "origin_branch", "origin_push", "origin_seen_at"])
    return row


def note_fetched(project: Project, url: str, branch: str, at: datetime) -> None:
    """Of the origin as it was when it was fetched: one that was changed meanwhile is not said to have been seen."""
    changes = {"default_branch": branch} if branch else {}
    Project.objects.filter(pk=project.pk, origin_url=url).update(origin_seen_at=at, **changes)


def credential_of(project: Project) -> Credential:
    """For the worker that fetches or pushes, and for nobody else. Raises SecretError."""
    row = Secret.objects.filter(project=project, name=ORIGIN).first()
    return Credential(project.origin_user, unseal(bytes(row.sealed)) if row else "")


def has_credential(project: Project) -> bool:
    return Secret.objects.filter(project=project, name=ORIGIN).exists()


def server_of(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port


def check_branch(name: str) -> str:
    """The name, if git takes it for a branch and nothing else can. Raises BadOrigin."""
    if len(name) > 100 or not BRANCH.fullmatch(name):
        raise BadOrigin("branch", f"{name[:120]!r} cannot name a branch.")
    return name


def _taken_apart(wanted: Wanted) -> Wanted:
    """People paste addresses with a name and a password in them, or in scp's form: both become parts of their own."""
    url = wanted.url.strip()
    if len(url) > LONGEST or not PRINTABLE.fullmatch(url):
        raise BadOrigin("url", f"Use up to {LONGEST} plain characters; others are %-encoded.")
    if "://" not in url and (short := SCP.fullmatch(url)):
        user = wanted.user or short["user"] or "git"
        return Wanted(f"ssh://{short['host']}/{short['path']}", user, wanted.password, wanted.branch, wanted.push)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise BadOrigin("url", "This is no address: its host or port cannot be read.") from None
    if "@" not in parts.netloc:
        return Wanted(url, wanted.user, wanted.password, wanted.branch, wanted.push)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return Wanted(url, wanted.user or user, wanted.password or password or None, wanted.branch, wanted.push)


def _check(wanted: Wanted) -> None:
    parts = urlsplit(wanted.url)
    if parts.scheme not in SCHEMES:
        raise BadOrigin("url", f"Use an address that begins with one of {', '.join(f'{one}://' for one in SCHEMES)}.")
    if (parts.scheme == "file") == bool(parts.hostname) or not parts.path.strip("/"):
        raise BadOrigin("url", "Use an address such as https://host/path/repository.git.")
    if parts.hostname and (parts.hostname.startswith("-") or parts.path.startswith("/-")):
        raise BadOrigin("url", "Neither the host nor the path may begin with a hyphen.")
    if parts.query or parts.fragment:
        raise BadOrigin("url", "An address of a repository has neither ? nor #. Name the branch by itself.")
    if wanted.branch:
        check_branch(wanted.branch)
    if quote(wanted.user, safe="@+") != wanted.user or wanted.user.startswith("-"):
        raise BadOrigin("user", "Use letters, digits and . _ - @ + for the name.")
    if wanted.password and parts.scheme != "ssh" and re.search(r"[\x00-\x1f\x7f]", wanted.password):
        raise BadOrigin("password", "A password has no line breaks or other control characters.")
