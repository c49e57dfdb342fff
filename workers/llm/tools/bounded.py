"""Keep what a model reads short: head and tail, and where the rest is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

LIMIT = 12_000  # characters: about 3,000 tokens
OUTPUTS = ".hive/outputs"  # in the workspace, never in a commit


@dataclass(frozen=True)
class Bounds:
    """`keep` puts the whole text into the workspace, where the model can read on; without it the middle is lost."""

    limit: int = LIMIT
    keep: Callable[[str, bytes], None] | None = None

    def cut(self, text: str, name: str) -> str:
        if len(text) <= self.limit:
            return text
        head, tail = text[: self.limit * 2 // 3], text[-self.limit // 3 :]
        left_out = len(text) - len(head) - len(tail)
        where = ""
        if self.keep is not None:
            path = f"{OUTPUTS}/{re.sub(r'[^A-Za-z0-9_-]', '_', name)[:60] or 'output'}.txt"
            self.keep(path, text.encode(errors="replace"))
            where = f"; all of it is in /workspace/{path}"
        return f"{head}\n[… {left_out:,} of {len(text):,} characters are left out here{where} …]\n{tail}"
