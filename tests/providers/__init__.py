"""Providers of models that answer from a script, over real HTTP, in the wire formats of four real ones.

    with scripted([says("Hello."), calls("shell", command="ls")]) as provider:
        provider.address("anthropic")  # what HIVE_MODEL_API_BASE is set to
        provider.seen                  # what was asked, in one shape for all formats

One server speaks all formats at once; the path of a request says which is meant.
"""

from tests.providers.script import (
    Call,
    Cut,
    Garbage,
    Refuse,
    Script,
    Seen,
    Stall,
    Talk,
    Turn,
    calls,
    overloaded,
    says,
    stalls,
)
from tests.providers.server import KEY, Provider, scripted

__all__ = [
    "KEY",
    "Call",
    "Cut",
    "Garbage",
    "Provider",
    "Refuse",
    "Script",
    "Seen",
    "Stall",
    "Talk",
    "Turn",
    "calls",
    "overloaded",
    "says",
    "scripted",
    "stalls",
]
