"""The few system calls that Python does not offer."""

from __future__ import annotations

import ctypes
import os

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_CHILD_SUBREAPER = 36
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int, pointer: ctypes.Array[ctypes.c_char] | None = None) -> None:
    """Raises OSError."""
    if _libc.prctl(option, value, pointer, 0, 0):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def become_subreaper() -> None:
    """From now on orphans below this process become its children, however often they forked or changed session."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(signal_number: int) -> None:
    """Get this signal when the *thread* that forked this process ends. Call it after the last change of user."""
    prctl(_PR_SET_PDEATHSIG, signal_number)


def set_dumpable(allowed: bool) -> None:
    """Whether other processes of the same user may trace this one and read its memory. An exec resets it."""
    prctl(_PR_SET_DUMPABLE, int(allowed))


def forbid_new_privileges() -> None:
    """No exec from here on gains anything: set-user-id bits and file capabilities do not count."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Empty the three capability sets of this process; a change of user leaves the inheritable one behind."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if _libc.capset(header, nothing):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def overwrite_variable(name: bytes, value: bytes) -> None:
    """Give a variable another value where /proc/PID/environ shows it: what this process was started with, in place.

    Raises ValueError where there is no such variable, or no room for the value.
    """
    at = ctypes.POINTER(ctypes.c_void_p).in_dll(_libc, "environ")
    number = 0
    while address := at[number]:
        there = ctypes.string_at(address)
        if there.startswith(name + b"="):
            if len(name) + 1 + len(value) > len(there):
                break
            ctypes.memmove(address, (name + b"=" + value).ljust(len(there), b"\0"), len(there))
            return
        number += 1
    raise ValueError(f"no room for {name!r} in this process's environment")
