"""A server made with the official SDK: some of its tools behave, some do not. Over stdio, or HTTP: busy.py PORT."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

server = MCPServer("busy")
READS = ToolAnnotations(read_only_hint=True)


@server.tool(annotations=READS)
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def note(text: str) -> str:
    """Append a line to notes.txt."""
    with Path("notes.txt").open("a") as file:
        file.write(f"{text}\n")
    return "noted"


@server.tool()
def much(count: int) -> str:
    """So many bytes."""
    return "x" * count


@server.tool()
def refuse() -> str:
    """Always fails."""
    raise ValueError("I do not want to.")


@server.tool()
def hang() -> str:
    """Never answers."""
    time.sleep(600)
    return "late"


@server.tool()
def die() -> str:
    """Ends the server."""
    print("I cannot go on.", file=sys.stderr, flush=True)
    os._exit(3)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", port=int(sys.argv[1]))
    else:
        server.run()
