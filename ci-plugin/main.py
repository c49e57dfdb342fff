"""Starts the Action's program, from its own folder alone: nothing of the checkout is imported (python3 -I)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hive.ci.action import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
