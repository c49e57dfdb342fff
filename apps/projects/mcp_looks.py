"""A live look at an MCP server: whether it answers, and with which tools. What looks is named in the settings.

One with a command is a worker's to start, in a sandbox: nothing of a project's runs where pages are made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from celery import current_app
from celery.exceptions import TimeoutError as NoResult
from django.conf import settings
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError

from apps.projects.mcp_servers import headers_of
from apps.projects.models import McpServer
from apps.projects.secrets import SecretError, values_to_mask

LOOK_INSIDE = "coding.look"
WAIT_S = 25.0  # for a worker that has time, and for the server; whoever asks waits for 30 s
RETRY = {"max_retries": 1, "interval_start": 0.05, "interval_max": 0.1}
NOBODY = f"No worker has answered within {WAIT_S:g} s: all are at work, or the server is slow. Try again later."


@dataclass(frozen=True)
class Seen:
    """A tool as its server tells of it."""

    name: str
    description: str
    reads_only: bool


@dataclass(frozen=True)
class Looked:
    """`ok` is None where nobody has looked. Of what the server says, secrets are masked."""

    ok: bool | None
    message: str
    tools: tuple[Seen, ...] = ()


Look = Callable[[McpServer, dict[str, str], list[str]], Looked]
"""Asks a server with these headers, and masks these texts in what it answers."""


def rules_of(server: McpServer, tool: Seen) -> dict[str, Any]:
    """The tool's policy, and whether the manager has it while it plans."""
    policy = server.policy_of(tool.name)
    return {"policy": policy, "planning": server.plans_with(tool.name) or (policy == "allow" and tool.reads_only)}


def look_at(server: McpServer) -> Looked:
    """Ask it what it offers, as a job would. Takes up to half a minute where it does not answer."""
    if server.command:
        return _ask_a_worker(server)
    try:
        headers = headers_of(server)
    except SecretError as error:
        return Looked(False, str(error))
    return cast(Look, import_string(settings.MCP_LOOK))(server, headers, values_to_mask(server.project))


def _ask_a_worker(server: McpServer) -> Looked:
    """A message that nobody has taken by then is dropped."""
    try:
        asked = current_app.send_task(
            LOOK_INSIDE, args=[server.pk], expires=WAIT_S, priority=9, retry_policy=RETRY, ignore_result=False
        )
    except (OperationalError, ConnectionError, OSError):
        return Looked(None, "No worker can be asked: the broker does not answer.")
    try:
        said = asked.get(timeout=WAIT_S, interval=0.25)
    except NoResult:
        return Looked(None, NOBODY)
    except Exception as error:
        return Looked(None, f"The worker that asked it failed ({type(error).__name__}); its log says how.")
    finally:
        asked.forget()
    return Looked(said["ok"], said["message"], tuple(Seen(**tool) for tool in said["tools"]))
