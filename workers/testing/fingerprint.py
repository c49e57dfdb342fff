"""Is it the same failure as before? What the red tests said, without what differs from one run to the next."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

END = 4000  # characters of the output that count where no report names the tests
CHANGING = (
    (re.compile(r"\x1b\[[0-9;]*[A-Za-z]"), ""),  # colours
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"), "<time>"),
    (re.compile(r"\b\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|s|sec|secs|seconds?|minutes?)\b"), "<span>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.IGNORECASE), "<address>"),
    (re.compile(r"(?<=127\.0\.0\.1:)\d+|(?<=localhost:)\d+"), "<port>"),
    (re.compile(r"\b(?:pid|process|port)[ =:]+\d+", re.IGNORECASE), "<number>"),
    (re.compile(r"(?:/[\w.@+-]+)+/(?=[\w.@+-])"), "<path>/"),
    (re.compile(r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{12,64}\b"), "<hash>"),
    (re.compile(r"[ \t]+"), " "),
)


def fingerprint(red: Sequence[Mapping[str, Any]]) -> str:
    """Of the red commands, as testing records them: commands, failing tests and their messages."""
    said = [[one["command"], one["reason"], _failures(one)] for one in red]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def steady(text: str) -> str:
    """The text without times, spans, paths, addresses, ports and hashes."""
    for pattern, instead in CHANGING:
        text = pattern.sub(instead, text)
    return text.strip()


def _failures(one: Mapping[str, Any]) -> list[Any]:
    failures = (one.get("counts") or {}).get("failures") or ()
    if failures:
        return sorted([failure["name"], steady(failure["message"])] for failure in failures)
    return [steady(one.get("message", "")), steady(one.get("end", "")[-END:])]
