"""On the path of a Python under libfaketime.

Its clock_nanosleep (0.9.10) moves the deadlines of a clock that it was told to leave alone, so that time.sleep() ends
with EINVAL. select() is told how long, not until when.
"""

import select
import time


def sleep(seconds: float) -> None:
    select.select([], [], [], seconds)


time.sleep = sleep
