"""What the warm process of a Hive preloads in which every message comes twice."""

import hive.preload  # noqa: F401 - its import is what it does
from tests.flows.real import faults

faults.deliver_twice()
