"""MCP servers for the tests, and what it takes to run them in a sandbox."""

from pathlib import Path

SERVERS = Path(__file__).parent
