"""From options to a running Hive: check, take the lock and the port, then hand over to guard and supervisor."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from hive import env
from hive.cli.failure import Failure
from hive.cli.up import checks, ending, guard, lock, ports, state
from hive.cli.up.announce import Announcer
from hive.cli.up.child import Child, waves
from hive.cli.up.installation import Installation
from hive.cli.up.logfile import LogFile
from hive.cli.up.report import Report
from hive.cli.up.start import Starter
from hive.cli.up.supervisor import Supervisor
from hive.cli.up.watched import timestamp
from hive.home import Home

READY = b"1"
Table = Callable[[Installation], tuple[Child, ...]]


@dataclass(frozen=True)
class Options:
    """`table` names the function that gives the children, as module:function."""

    port: int | None = None
    detach: bool = False
    as_json: bool = False
    table: str = "hive.cli.up.children:children"


def launch(options: Options) -> int:
    """Run Hive until it is stopped, or until it is ready where it goes on in the background; the exit code.

    Raises Failure, before anything is started, where it cannot.
    """
    checks.check_settings()
    checks.check_machine()
    home = Home(env.get("HIVE_HOME"))
    checks.make_home(home)
    _take_lock(home)
    bind = env.get("HIVE_BIND")
    descriptor, port = ports.listen(bind, env.get("HIVE_PORT") if options.port is None else options.port)
    installation = Installation(home, bind, port, descriptor)
    children = _children(options.table, installation)
    left = ending.kill_strays(home)
    state.remove(home)
    run = _Run(installation, children, options, left)
    return run.in_background() if options.detach else run.here()


def _take_lock(home: Home) -> None:
    try:
        lock.acquire(state.lock_file(home))
    except lock.Taken:
        running = state.read(home)
        where = f": {running['url']} (process {running['pid']})" if running else ""
        raise Failure(f"Hive already runs on {home.root}{where}. Stop it with `hive down`, or set HIVE_HOME.") from None


def _children(table: str, installation: Installation) -> tuple[Child, ...]:
    module, _, function = table.partition(":")
    children: tuple[Child, ...] = getattr(importlib.import_module(module), function)(installation)
    waves(children)  # a table that cannot be stopped in order is refused before it is started
    return children


@dataclass(frozen=True)
class _Run:
    installation: Installation
    children: tuple[Child, ...]
    options: Options
    strays: int

    def here(self) -> int:
        return guard.watch_over(lambda: self._supervise(lambda: None), self.installation.home, complain)

    def in_background(self) -> int:
        """Return when it is ready, or has ended before."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            os.setsid()
            self._guard_in_background(writer)
        os.close(writer)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ending.tell(pid, signal.SIGTERM))
        said = os.read(reader, 4096)  # b"" once guard and supervisor have both ended
        if said == READY:
            return 0
        if said:
            complain(said.decode())
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) or 1  # stopped in order is not ready either

    def _guard_in_background(self, writer: int) -> None:
        """Never returns. The guard lets go of the terminal at once: a reader of its output waits for the last copy."""
        log = self.installation.home.logs / "up.log"

        def say(sentence: str) -> None:
            LogFile(log).write(f"{timestamp()} {sentence}\n".encode())
            with contextlib.suppress(OSError):  # whoever called has left
                os.write(writer, sentence.encode())

        code = 70
        try:
            supervise = lambda: self._supervise(lambda: os.write(writer, READY))  # noqa: E731
            code = guard.watch_over(supervise, self.installation.home, say, after_fork=leave_terminal)
        except OSError as error:
            say(f"This machine does not let Hive start: {error.strerror or error}. See `hive doctor`.")
        finally:
            os._exit(code)

    def _supervise(self, on_ready: Callable[[], object]) -> int:
        home, detach = self.installation.home, self.options.detach
        log = LogFile(home.logs / "up.log")
        report = Report(2 if self.options.as_json else 1, log)
        json_to = 1 if self.options.as_json else None

        def ready() -> None:
            if detach:
                leave_terminal()
            on_ready()

        announcer = Announcer(self.installation, report, json_to, detach, ready)
        report.line(f"Starting Hive on {home.root}")
        if self.strays:
            report.line(f"Ended {self.strays} processes that an earlier Hive on this home had left behind.")
        try:
            starter = Starter(self.installation.environment(), self.installation.folder)
            code = Supervisor(self.children, starter, home.logs, report, announcer).run()
        except Exception:
            log.write(traceback.format_exc().encode())
            report.line(f"The supervisor failed; this is a bug in Hive. What happened is in {log.path}")
            return 1
        report.line("Stopped.")
        return code


def leave_terminal() -> None:
    """Standard input, output and errors into nothing."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def complain(sentence: str) -> None:
    print(f"hive: {sentence}", file=sys.stderr, flush=True)
