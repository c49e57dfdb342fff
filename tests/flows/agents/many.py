"""`python -m tests.flows.agents.many [AGENTS] [SLOTS] [JOBS]`: as many real agents, as processes, and each job once."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.flows.agents.place import ENDED, Place, open_place
from tests.flows.web.server import until

PATIENCE_S = 600.0


def main(agents: int = 16, slots: int = 4, jobs: int = 256) -> None:
    with tempfile.TemporaryDirectory() as folder, open_place(Path(folder) / "h", HIVE_LEASE_S="30") as place:
        for number in range(agents):
            place.agent(f"a{number}", slots=str(slots))
        until(lambda: place.stage("joined") == agents, "they do not all join", PATIENCE_S)
        began = time.monotonic()
        pks = place.stage("jobs", jobs)
        seen: dict[str, Any] = {}
        until(lambda: _all_ended(place, pks, seen), "not all end", PATIENCE_S)
        took_s = time.monotonic() - began
    assert seen["stands"] == ["completed"], seen
    assert len(seen["printed"]) == jobs, "some were done more than once"
    assert all(text.count("$ true\n") == 1 for text in seen["printed"].values()), seen["printed"]
    doing = len(set(seen["workers"]))
    print(f"{agents} agents x {slots} slots: {jobs} jobs, each done once, by {doing} of them, in {took_s:.1f} s")


def _all_ended(place: Place, pks: list[int], seen: dict[str, Any]) -> bool:
    seen.update(place.stage("tally", *pks))
    return all(stand.split()[0] in ENDED for stand in seen["stands"])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
