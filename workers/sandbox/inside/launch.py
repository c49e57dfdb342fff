"""Turn a freshly forked process into the command: limits, user, environment, exec."""

# pathlib is a large import, and a sandbox starts for every job:
# ruff: noqa: PTH118, PTH123
from __future__ import annotations

import errno
import os
import resource

from . import linux, namespaces
from .lean import dumps, signal

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is a large import, and a sandbox starts for every job
    from typing import Any, NoReturn

    Order = dict[str, Any]
    """argv, env, cwd, limits {name: value}, nice, cpus [number …], user {uid, gid} or None, isolated, parent."""

_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126  # what a shell answers


def become_command(order: Order, output: int, failure: int, given: int | None = None) -> NoReturn:
    """Run in the forked child; never returns. A failure goes to the reader's output and, as JSON, to `failure`.

    `given`: what it reads; nothing where there is none.
    """
    try:
        _stand_alone(output, given)
        _bound(order)
        _drop_to(order["user"])
        if order["isolated"]:
            namespaces.forbid_user_namespaces()
        _tie_to(order["parent"])
    except BaseException as error:
        _give_up(failure, "setup", "sandbox", error)
    try:
        os.chdir(order["cwd"])
    except BaseException as error:
        _give_up(failure, "cwd", order["cwd"], error)
    try:
        _execute(order["argv"], order["env"])
    except BaseException as error:
        _give_up(failure, "exec", order["argv"][0], error)


def _execute(argv: list[str], env: dict[str, str]) -> NoReturn:
    """Look the program up on the command's own PATH.

    os.execvpe would import a module for that, and the command's user may not be able to read it.
    """
    name = argv[0]
    folders = [""] if "/" in name else env.get("PATH", os.defpath).split(":")
    why: OSError = FileNotFoundError(errno.ENOENT, "Command not found")
    for folder in folders:
        try:
            os.execve(os.path.join(folder, name), argv, env)  # noqa: S606 - this is the command
        except (FileNotFoundError, NotADirectoryError):
            if "/" in name:
                raise
        except PermissionError as error:
            why = error  # a later folder may hold one that may be executed
    raise why


def _stand_alone(output: int, given: int | None) -> None:
    """Own session, both outputs into one pipe so that their order holds, signals as a shell leaves them."""
    os.setsid()
    source_of_input = os.open(os.devnull, os.O_RDONLY) if given is None else given
    for source, target in ((source_of_input, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:  # real-time ones too: whoever started Hive may have ignored one
        if signal.getsignal(number) != signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(0o022)


def _go_first_when_memory_runs_out() -> None:
    """When the machine itself has none left, a job is killed before Hive is."""
    linux.set_dumpable(True)  # else the file belongs to root
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except OSError:
        pass  # a /proc that may not be written: the sandbox's own limits still hold
    linux.set_dumpable(False)  # until the exec: nothing of the job may trace what still holds the warden's socket


def _bound(order: Order) -> None:
    _go_first_when_memory_runs_out()
    os.nice(order["nice"])
    if order["cpus"]:
        os.sched_setaffinity(0, order["cpus"])
    for name, value in order["limits"].items():
        number = getattr(resource, f"RLIMIT_{name}")
        _soft, hard = resource.getrlimit(number)
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (allowed, allowed))


def _drop_to(user: dict[str, int] | None) -> None:
    if user:
        os.setgroups([])
        os.setresgid(user["gid"], user["gid"], user["gid"])
        os.setresuid(user["uid"], user["uid"], user["uid"])
        linux.drop_capabilities()
    linux.forbid_new_privileges()


def _tie_to(parent: int) -> None:
    linux.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(_NOT_EXECUTABLE)  # the warden died before the line above: no signal will come


def _give_up(failure: int, stage: str, what: str, error: BaseException) -> NoReturn:
    why = error.strerror if isinstance(error, OSError) and error.strerror else repr(error)
    code = _NOT_FOUND if stage == "exec" and isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
    os.write(2, f"{what}: {why}\n".encode(errors="replace"))
    os.write(failure, dumps({"stage": stage, "what": what, "why": why, "code": code}).encode())
    os._exit(code)
