"""A live look at an MCP server: whether it answers, and with which tools. What looks is named in the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from apps.projects.mcp_servers import headers_of
from apps.projects.models import McpServer
from apps.projects.secrets import SecretError, values_to_mask

INSIDE = "It runs in the sandbox of a job, with the task's files: the log of a job says what it offered there."


@dataclass(frozen=True)
class Seen:
    """A tool as its server tells of it."""

    name: str
    description: str
    reads_only: bool


@dataclass(frozen=True)
class Looked:
    """`ok` is None where nobody can look from here. Of what the server says, secrets are masked."""

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
        return Looked(None, INSIDE)
    try:
        headers = headers_of(server)
    except SecretError as error:
        return Looked(False, str(error))
    return cast(Look, import_string(settings.MCP_LOOK))(server, headers, values_to_mask(server.project))
