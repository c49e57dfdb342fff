"""The SDK, as quiet as it can be made: what servers write must not end up in Hive's own log."""

from __future__ import annotations

import logging

for name in ("mcp", "client", "httpx2", "httpcore2"):
    logging.getLogger(name).setLevel(logging.CRITICAL)

import mcp_types as types  # noqa: E402
from mcp.client.client import Client  # noqa: E402
from mcp.client.streamable_http import streamable_http_client  # noqa: E402
from mcp.shared.exceptions import MCPError  # noqa: E402
from mcp.shared.message import SessionMessage  # noqa: E402

__all__ = ["Client", "MCPError", "SessionMessage", "streamable_http_client", "types"]
