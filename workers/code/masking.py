"""A difference as it may be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from apps.events.masking import mask_bytes
from apps.projects.code.port import Diff


def masked(diff: Diff, secrets: Sequence[str]) -> Diff:
    text = mask_bytes(diff.text.encode(errors="replace"), secrets, cut=diff.cut)
    return replace(diff, text=text.decode(errors="replace"))
