"""`python -m hive.cli.up`: what `hive up` turns into, so that the supervisor does not carry the command's imports."""

from __future__ import annotations

import argparse
import sys

from hive.cli.failure import Failure
from hive.cli.up.launch import Options, complain, launch


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hive up")
    parser.add_argument("--port", type=int)
    parser.add_argument("--detach", action="store_true")
    parser.add_argument("--json", dest="as_json", action="store_true")
    parser.add_argument("--table", default=Options.table, help="module:function that gives the children")
    try:
        return launch(Options(**vars(parser.parse_args(arguments))))
    except Failure as failure:
        complain(str(failure))
        return failure.exit_code
    except OSError as error:  # no room for another process, too many open files …
        complain(f"This machine does not let Hive start: {error.strerror or error}. See `hive doctor`.")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
