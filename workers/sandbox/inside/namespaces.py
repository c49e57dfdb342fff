"""Takes away the right to make user namespaces.

In one of its own a job would be root over file systems that it mounts itself, such as a tmpfs whose memory nobody
counts, and would reach parts of the kernel that are closed to it otherwise. bwrap can forbid them only where it made
one itself, which it does not do for root; so this does, with a system call filter that the command inherits.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from .linux import prctl

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_CLONE_NEWUSER = 0x10000000
_CLONE3 = 435  # everywhere
# machine: (its number in the filter's data, clone, unshare)
_MACHINES = {"x86_64": (0xC000003E, 56, 272), "aarch64": (0xC00000B7, 220, 97)}
_OLD_NUMBERS = 0x40000000  # the x32 variants of x86_64 calls

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _MACHINE_AT, _FLAGS_AT = 0, 4, 16
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000


def forbid_user_namespaces() -> bool:
    """Needs no_new_privs. False on a machine whose call numbers are not known here."""
    if os.uname().machine not in _MACHINES:
        return False
    program = _program(*_MACHINES[os.uname().machine])
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.create_string_buffer(header, len(header)))
    return True


def _program(machine: int, clone: int, unshare: int) -> bytes:
    """Each line: what to do, with which value, how many lines to skip when it holds and when it does not."""
    lines = (
        (_LOAD, _MACHINE_AT, 0, 0),
        (_EQUAL, machine, 0, 9),  # calls of another architecture would come under other numbers
        (_LOAD, _NUMBER_AT, 0, 0),
        (_AT_LEAST, _OLD_NUMBERS, 7, 0),
        (_EQUAL, _CLONE3, 6, 0),  # its flags lie in memory, out of a filter's sight; libraries then use clone
        (_EQUAL, clone, 1, 0),
        (_EQUAL, unshare, 0, 2),
        (_LOAD, _FLAGS_AT, 0, 0),
        (_ANY_BIT, _CLONE_NEWUSER, 1, 0),
        (_ANSWER, _ALLOW, 0, 0),
        (_ANSWER, _FAIL | errno.EPERM, 0, 0),
        (_ANSWER, _FAIL | errno.ENOSYS, 0, 0),
    )
    return b"".join(struct.pack("HBBI", code, yes, no, value) for code, value, yes, no in lines)
