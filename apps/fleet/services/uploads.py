"""Artifacts of an agent's job: announced in a batch, uploaded straight to the store by signed links, then verified.

    announce ──▶ PUT to each link ──▶ finish_uploads: the bytes are looked at, and only then there is an artifact

Large files come in parts: see upload_parts.

The bytes get a key of their own; a death at any point leaves bytes that no artifact names, for remove_orphans().
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Sum

from apps.artifacts.models import Artifact
from apps.artifacts.services.save import BINARY, NAME, TYPES
from apps.artifacts.store import Link, NotStored, store
from apps.events import clock
from apps.fleet.limits import FILE_BYTES, FILES, PARTS_AT_ONCE
from apps.fleet.models import Agent, Assignment, Upload
from apps.fleet.order import TREE_NAME
from apps.fleet.orders import order_of
from apps.fleet.services.lease import held
from apps.fleet.services.upload_parts import Part, forget, is_large, join, missing
from apps.runs.services.active import ActiveJob

KINDS = (Artifact.Kind.FILE, Artifact.Kind.REPORT)
TREE = "tree"  # what commands have made of a workspace: to the byte, so nobody is shown it, and it is no artifact


class UploadRefused(ValueError):
    """A file that is not to be kept, or that is not what was announced."""


@dataclass(frozen=True)
class Announced:
    """A file that is to come."""

    name: str
    kind: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Wanted:
    """Where a file's bytes go: to one link, or in parts; to none where they have arrived."""

    row: Upload
    link: Link | None = None
    parts: Sequence[Part] = ()


def announce(
    agent: Agent, job_id: int, lease: str, files: Sequence[Announced], *, in_parts: bool = False
) -> list[Wanted]:
    """Where each goes. Said twice, it gives the same uploads with fresh links, and of large ones what is missing.

    Of many parts the first PARTS_AT_ONCE are told; the next call tells of the next. Raises NotYours, LeaseLost,
    UploadRefused, StoreError.
    """
    found = held(agent, job_id, lease)
    has_tree = bool(files) and order_of(found.job).tree
    for file in files:
        _check(file, has_tree=has_tree)
    _check_room(found, files)
    wanted, room = [], PARTS_AT_ONCE
    for row in [_row(found, file) for file in files]:
        wanted.append(_wanted(row, room if in_parts else None))
        room -= len(wanted[-1].parts)
    return wanted


def _wanted(row: Upload, room: int | None) -> Wanted:
    """`room`: how many parts may be told; None where the agent knows none."""
    if row.finished_at:
        return Wanted(row)
    if room is not None and is_large(row):
        return Wanted(row, parts=missing(row, room))
    return Wanted(row, store().link_to_put(row.store_key, settings.AGENT_LINK_S, size_bytes=row.size_bytes))


def _check(file: Announced, *, has_tree: bool) -> None:
    parts = file.name.split("/")
    if not NAME.fullmatch(file.name) or ".." in parts or "" in parts or ":" in parts[0]:
        raise UploadRefused(f"{file.name[:200]!r} is not a name for an artifact.")
    if file.kind not in KINDS and not (has_tree and (file.kind, file.name) == (TREE, TREE_NAME)):
        raise UploadRefused(f"{file.kind[:20]!r} is not a kind that an agent gives: {', '.join(KINDS)}.")
    if not 0 <= file.size_bytes <= FILE_BYTES:
        raise UploadRefused(f"{file.name}: {file.size_bytes} bytes; {FILE_BYTES} are possible.")


def _check_room(found: Assignment, files: Sequence[Announced]) -> None:
    """What the order allows, of everything that was announced so far."""
    bounds = order_of(found.job).bounds
    others = found.uploads.exclude(name__in=[file.name for file in files])
    count = others.count() + len(files)
    size = (others.aggregate(sum=Sum("size_bytes"))["sum"] or 0) + sum(file.size_bytes for file in files)
    if count > min(bounds.artifacts, FILES) or size > bounds.artifact_bytes:
        raise UploadRefused(
            f"{count} files of {size} bytes; this job may keep {bounds.artifacts} of {bounds.artifact_bytes}."
        )


def _row(found: Assignment, file: Announced) -> Upload:
    known = found.uploads.filter(name=file.name).first()
    if known is not None:
        if (known.kind, known.size_bytes, known.sha256) != (file.kind, file.size_bytes, file.sha256):
            raise UploadRefused(f"{file.name} was announced as something else before.")
        return known
    key = f"runs/{found.job.run_id}/jobs/{found.job_id}/{secrets.token_hex(16)}"
    try:
        with transaction.atomic():
            return Upload.objects.create(
                assignment=found,
                name=file.name,
                kind=file.kind,
                size_bytes=file.size_bytes,
                sha256=file.sha256,
                store_key=key,
            )
    except IntegrityError:  # announced by two calls at once
        return found.uploads.get(name=file.name)


def finish_uploads(agent: Agent, job_id: int, lease: str, ids: Sequence[int]) -> list[Artifact]:
    """What has arrived, as it was announced, becomes artifacts. Done twice, it is done once.

    Raises NotYours, LeaseLost, UploadRefused (what is missing or damaged is named; the rest was kept), StoreError.
    """
    found = held(agent, job_id, lease)
    kept, wrong = [], []
    for row in found.uploads.filter(pk__in=ids):
        problem = "" if row.finished_at else _look_at(row)
        if problem:
            wrong.append(f"{row.name}: {problem}")
        elif one := _keep(found, row):
            kept.append(one)
    if wrong:
        raise UploadRefused(" ".join(wrong[:10]))
    return kept


def _look_at(row: Upload) -> str:
    """What is wrong with the bytes; empty where nothing is. They are read: a store tells no SHA-256."""
    digest, size = hashlib.sha256(), 0
    try:
        join(row)
        for piece in store().get(row.store_key):
            digest.update(piece)
            size += len(piece)
    except NotStored:
        return "it has not arrived."
    if (size, digest.hexdigest()) == (row.size_bytes, row.sha256):
        return ""
    store().delete(row.store_key)  # else the next announcement would take it for what has arrived
    forget(row)
    return "its bytes are not those announced."


def _keep(found: Assignment, row: Upload) -> Artifact | None:
    """None of a tree: the outcome of its job names it, see tree_of()."""
    job = found.job
    with ActiveJob(job).held():
        Upload.objects.filter(pk=row.pk, finished_at=None).update(finished_at=clock.now())
        if row.kind == TREE:
            return None
        kept, _ = Artifact.objects.get_or_create(
            job=job,
            name=row.name,
            defaults={
                "run_id": job.run_id,
                "kind": row.kind,
                "size_bytes": row.size_bytes,
                "sha256": row.sha256,
                "store_key": row.store_key,
                "content_type": (TYPES.guess_type(row.name)[0] or BINARY)[:100],
            },
        )
    return kept


def tree_of(found: Assignment) -> Upload | None:
    """The workspace that was handed in, if it has arrived whole."""
    return found.uploads.filter(kind=TREE, finished_at__isnull=False).first()
