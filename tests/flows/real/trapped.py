"""What the warm process of a Hive under test preloads: the usual, and traps."""

import hive.preload  # noqa: F401 - its import is what it does
from tests.flows.real import faults

faults.lay()
