"""Where commands run that nobody vouches for. `port` says what a sandbox does; `open_sandbox` opens one."""

from workers.sandbox.kinds import KindReport, best_kind, kinds, local_kinds, open_sandbox
from workers.sandbox.port import Ended, Limits, Result, Running, Sandbox, SandboxError, UnsafePath
from workers.sandbox.sweep import sweep_stale

__all__ = [
    "Ended",
    "KindReport",
    "Limits",
    "Result",
    "Running",
    "Sandbox",
    "SandboxError",
    "UnsafePath",
    "best_kind",
    "kinds",
    "local_kinds",
    "open_sandbox",
    "sweep_stale",
]
