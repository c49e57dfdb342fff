"""The `hive` command: one module or folder per verb.

A verb's module imports nothing heavy at its top (rich, httpx, pydantic …) and nothing of Django at all, so that
`hive --help` answers at once; what a verb needs it imports where it runs.
"""

import sys

LOWEST_PYTHON = (3, 11)


def refuse_old_python(version=tuple(sys.version_info[:2])):  # type: ignore[no-untyped-def] # 3.11's syntax would fail here
    """Stop with a sentence instead of the syntax error that an older Python would find further on."""
    if version < LOWEST_PYTHON:
        sys.stderr.write(
            "hive: Hive needs Python 3.11 or newer; this is %d.%d. Install it again: make install PYTHON=python3.11\n"  # noqa: UP031
            % version
        )
        raise SystemExit(2)


refuse_old_python()
