"""What the standard library's `signal`, `socket` and `json` are made of, without what they import: enum, re, selectors.

Importing them takes longer than all else that a keeper does before its first command, and a sandbox starts for every
job. Where a Python is built otherwise, the modules themselves do.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    import socket
    from json import dumps, loads
    from typing import Any
else:
    try:
        import _signal as signal
        import _socket as socket
        from _json import encode_basestring_ascii, make_encoder, make_scanner
    except ImportError:
        import signal
        import socket
        from json import dumps, loads
    else:

        class _Plain:
            """How the scanner is to read: as `json` does unless it is told otherwise."""

            strict = True
            object_hook = object_pairs_hook = None
            parse_float, parse_int, parse_constant = float, int, float

        def _refuse(value: Any) -> Any:
            raise TypeError(f"{value!r} cannot be written as JSON")

        _encode = make_encoder(None, _refuse, encode_basestring_ascii, None, ": ", ", ", False, False, True)
        _scan = make_scanner(_Plain)

        def dumps(value: Any) -> str:
            """As json.dumps, for what is no circle."""
            return "".join(_encode(value, 0))

        def loads(text: bytes | str) -> Any:
            """As json.loads, for ASCII without space around it. Raises ValueError."""
            text = text.decode("ascii") if isinstance(text, bytes) else text
            try:
                value, end = _scan(text, 0)
            except StopIteration:
                end = -1
            if end != len(text):
                raise ValueError(f"This is not JSON: {text[:100]!r}")
            return value


__all__ = ["dumps", "loads", "signal", "socket"]
