"""The process that was called `hive up`: it forks the supervisor, waits, and makes sure that nothing outlives it.

It does so little that nothing but a SIGKILL ends it early; then the kernel sends the supervisor GUARD_IS_GONE.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from hive.cli.up import ending, linux, state
from hive.cli.up.supervisor import GUARD_IS_GONE
from hive.home import Home

FORWARDED = {
    signal.SIGINT: signal.SIGINT,
    signal.SIGTERM: signal.SIGTERM,
    signal.SIGHUP: signal.SIGTERM,
    signal.SIGQUIT: signal.SIGQUIT,
}
BLOCKED = (*FORWARDED, signal.SIGCHLD, GUARD_IS_GONE)


def watch_over(
    supervise: Callable[[], int],
    home: Home,
    say: Callable[[str], None],
    after_fork: Callable[[], None] = lambda: None,
) -> int:
    """Run `supervise` in a process of its own; its exit code. Afterwards nothing that it started is left.

    `after_fork` is what the guard alone does once the supervisor runs.
    """
    linux.adopt_orphans()
    # A signal that arrives before somebody listens waits, instead of ending one of the two and not the other.
    signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED)
    guard = os.getpid()
    supervisor = os.fork()
    if supervisor == 0:
        _become_supervisor(supervise, guard, say)
    linux.name_process("hive-up")
    after_fork()
    nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    for number in set(FORWARDED) - ({signal.SIGHUP} if nohup else set()):
        signal.signal(number, lambda number, _: ending.tell(supervisor, FORWARDED[signal.Signals(number)]))
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    status = _wait_for(supervisor)
    left = ending.kill_descendants()
    ending.kill_strays(home)
    state.remove(home)
    if left:
        say(f"These processes cannot be ended: {', '.join(map(str, left))}; the kernel holds them.")
    if os.WIFEXITED(status):
        return os.WEXITSTATUS(status)
    say(f"The supervisor was {ending.in_words(status)}; everything that it started has been ended.")
    return 1


def _become_supervisor(supervise: Callable[[], int], guard: int, say: Callable[[str], None]) -> None:
    """Never returns. A session of its own, so that Ctrl-C reaches it once: through the guard."""
    code = 70
    try:
        os.setsid()
        linux.name_process("hive-supervisor")
        linux.adopt_orphans()
        linux.die_with_parent(GUARD_IS_GONE)
        if os.getppid() == guard:
            code = supervise()
    except Exception as error:
        say(f"The supervisor failed: {type(error).__name__}: {error}")
    finally:
        ending.kill_descendants()
        os._exit(code)


def _wait_for(supervisor: int) -> int:
    """Its wait status. Whatever else ends meanwhile is an orphan to reap (process 1 of a container gets many)."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == supervisor:
            return status
