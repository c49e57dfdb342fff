"""`make bench`: what Hive costs, measured on this machine, now. Prints a table, then one JSON object.

    python -m tests.bench                 everything, embedded
    python -m tests.bench runs streams    some parts

Each number is the median of repeated runs; ratios are taken within one run against a bare Celery chain on the same
broker. The goals stand beside the numbers; nothing here fails a build.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable

from tests.bench import runs, startup, streams
from tests.bench.figures import Figure

PARTS: dict[str, Callable[[int], list[Figure]]] = {
    "runs": runs.measure,
    "streams": streams.measure,
    "startup": startup.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measures Hive on this machine.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts; all where none is named")
    parser.add_argument("--repeat", type=int, default=3, help="how often each is measured; the median counts")
    options = parser.parse_args()
    figures: list[Figure] = []
    for name in options.parts or PARTS:
        print(f"measuring {name} …", file=sys.stderr)
        figures += PARTS[name](options.repeat)
    width = max(len(figure.name) for figure in figures)
    for figure in figures:
        print(figure.line(width))
    print(json.dumps({figure.key: figure.as_json() for figure in figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
