"""What a promise in seconds means on a machine that others use too.

    assert took_s < busy.allowed(2)  # two seconds; as many times that as there are processes for each processor

A test that waits for something to happen needs no such thing: it waits long, and does so only where it has failed.
"""

from __future__ import annotations

import os
from pathlib import Path


def allowed(seconds: float) -> float:
    """Ask for it at the end of what is measured: by then the load has been seen."""
    running = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
    return seconds * max(1.0, 2 * max(os.getloadavg()[0], running) / (os.cpu_count() or 1))
