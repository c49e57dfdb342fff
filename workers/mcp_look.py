"""What is behind apps.projects.mcp_looks: a server is asked over HTTP, by the client and the rules of jobs."""

from __future__ import annotations

from django.conf import settings

from apps.events.masking import mask_text
from apps.projects.mcp_looks import Looked, Seen
from apps.projects.models import McpServer
from workers.mcp.port import Elsewhere, Server, ServerFailed
from workers.sandbox.port import Sandbox

SHOWN = 200  # tools; more are counted


def look(server: McpServer, headers: dict[str, str], secrets: list[str]) -> Looked:
    return asked(Elsewhere(server.name, server.url, headers, server.timeout_s), None, secrets)


def asked(server: Server, sandbox: Sandbox | None, secrets: list[str]) -> Looked:
    """What it says, with those secrets masked."""
    from workers.mcp.asked import Network  # bring in the SDK, which takes a second
    from workers.mcp.servers import JobServers

    with JobServers([server], sandbox, Network(frozenset(settings.MCP_HOSTS))) as entered:
        offers = entered.tools()[server.name]
    if isinstance(offers, ServerFailed):
        return Looked(False, mask_text(str(offers), secrets))
    tools = tuple(
        Seen(mask_text(one.name, secrets), mask_text(one.description, secrets), one.reads_only)
        for one in offers[:SHOWN]
    )
    return Looked(True, f"It answers, and offers {len(offers)} tool{'' if len(offers) == 1 else 's'}.", tools)
