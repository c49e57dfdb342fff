"""What the host refuses, as exceptions with a stable code for the wire.

HostError
├── HostUnavailable     nobody answers, or the host is on its way out; try again
├── StaleGeneration     a newer switch has been made; the caller is late
├── UnknownRelease      never started here, or forgotten
├── ReleaseNotRunning   it would put a dead release in front of people
├── ReleaseConflict     the same release id with other content
├── LaunchFailed        the sandbox could not start it
├── BadRequest          a message that no verb understands
└── HostFailed          a bug, or a disk that is full
"""

from __future__ import annotations

from typing import ClassVar


class HostError(Exception):
    """The host did not do what it was asked. `permanent`: the same request would be refused again."""

    code: ClassVar[str] = "host_error"
    permanent: ClassVar[bool] = True


class HostUnavailable(HostError):
    code = "unavailable"
    permanent = False


class StaleGeneration(HostError):
    code = "stale_generation"


class UnknownRelease(HostError):
    code = "unknown_release"


class ReleaseNotRunning(HostError):
    code = "not_running"


class ReleaseConflict(HostError):
    code = "conflict"


class LaunchFailed(HostError):
    code = "launch_failed"


class BadRequest(HostError):
    code = "bad_request"


class HostFailed(HostError):
    code = "failed"
    permanent = False


_BY_CODE: dict[str, type[HostError]] = {kind.code: kind for kind in HostError.__subclasses__()}


def error_from(code: str, message: str) -> HostError:
    """The exception that the host meant; an unknown code (a newer host) is a HostError."""
    return _BY_CODE.get(code, HostError)(message)
