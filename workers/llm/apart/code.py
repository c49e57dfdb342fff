"""What can be told of a module's names from its code, without executing it."""

from __future__ import annotations

import functools
import marshal
import opcode
import sys
from collections.abc import Container, Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType

HEADER = 16  # bytes before the code in a file of Python's cache
EXTENDED_ARG, STORE_NAME = opcode.opmap["EXTENDED_ARG"], opcode.opmap["STORE_NAME"]
IMPORTS = (opcode.opmap["IMPORT_NAME"], opcode.opmap["IMPORT_FROM"])


def has_name(module: str, name: str) -> bool:
    """Whether its code has such a name: whoever tries for one that is missing must hear that it is."""
    return len(name) > 255 or bytes((len(name),)) + name.encode() in _kept(module)


def starred(module: str, own: Container[str]) -> list[str] | None:
    """What `import *` takes of it into a module that has the names of `own`; None where only executing it tells.

    What a module has imported itself, and the other one has too, is not taken again.
    """
    code = marshal.loads(_kept(module))  # noqa: S302 - Python's own cache of a library
    if "__all__" in code.co_names or "*" in {
        name for names in code.co_consts if type(names) is tuple for name in names
    }:
        return None
    bound = [(name, imported) for name, imported in _bound(code) if not name.startswith("_")]
    return [name for name, imported in dict(bound).items() if not (imported and name in own)]


def _bound(code: CodeType) -> Iterator[tuple[str, bool]]:
    """The names that the body of a module gives, and whether by an import."""
    before = argument = 0
    for operation, byte in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        argument = argument << 8 | byte
        if operation == EXTENDED_ARG:
            continue
        if operation == STORE_NAME:
            yield code.co_names[argument], before in IMPORTS
        before, argument = operation, 0


@functools.lru_cache(8)
def _kept(module: str) -> bytes:
    """Its code as Python keeps it: each name behind its length."""
    origin = getattr(sys.modules[module].__spec__, "origin", None) or ""
    try:
        return Path(cache_from_source(origin)).read_bytes()[HEADER:]
    except (OSError, NotImplementedError, ValueError):
        return marshal.dumps(SourceFileLoader(module, origin).get_code(module))
