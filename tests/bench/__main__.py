"""`make bench`: what Hive costs, measured on this machine, now. Prints a table, then one JSON object.

    python -m tests.bench                 everything, embedded and on PostgreSQL and Valkey
    python -m tests.bench runs streams    some parts

Each number is the median of repeated runs; ratios are taken within one run against a bare Celery chain on the same
broker. The goals stand beside the numbers; nothing here fails a build.
"""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import subprocess
import sys
from dataclasses import asdict

from tests.bench.figures import Figure

EMBEDDED = ("runs", "streams", "startup", "models", "workspaces", "agents")
ON_SERVERS = ("servers_runs", "servers_streams", "history", "submissions", "buildbot")
PARTS = EMBEDDED + ON_SERVERS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measures Hive on this machine.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; all where none is named")
    parser.add_argument("--repeat", type=int, default=3, help="how often each is measured; the median counts")
    parser.add_argument("--only", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended on the way out
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if options.only:
        print(json.dumps([asdict(figure) for figure in _measure(options.only, options.repeat)]))
        return 0
    figures = [figure for part in options.parts or PARTS for figure in _in_a_process(part, options.repeat)]
    width = max(len(figure.name) for figure in figures)
    print("\n".join(figure.line(width) for figure in figures))
    print(json.dumps({figure.key: figure.as_json() for figure in figures}))
    return 0


def _in_a_process(part: str, repeat: int) -> list[Figure]:
    """Each part has a home of its own, and Django knows one home per process."""
    print(f"measuring {part} …", file=sys.stderr)
    command = [sys.executable, "-m", "tests.bench", "--only", part, "--repeat", str(repeat)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            printed = process.communicate()[0]
        finally:
            process.terminate()  # it ends what it has started; leaving this block waits for that
    if process.returncode:
        raise SystemExit(f"{part} has ended with {process.returncode}")
    return [Figure(**figure) for figure in json.loads(printed.splitlines()[-1])]


def _measure(part: str, repeat: int) -> list[Figure]:
    figures: list[Figure] = importlib.import_module(f"tests.bench.{part}").measure(repeat)
    return figures


if __name__ == "__main__":
    sys.exit(main())
