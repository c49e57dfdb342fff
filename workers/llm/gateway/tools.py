"""Tools for a program behind the gateway, as a server of the Model Context Protocol: one JSON answer per request.

Only what is in the toolbox exists here. Whatever the program or its model asks for besides is told that there is none.
"""

from __future__ import annotations

import json
import threading
from typing import Any

from workers.llm.port import Tool, ToolCall
from workers.llm.tools.port import Toolbox
from workers.mcp.naming import PREFIX

PATH = "/mcp"
VERSIONS = ("2025-06-18", "2025-03-26", "2024-11-05")
NO_METHOD, BAD_REQUEST, BAD_PARAMS = -32601, -32600, -32602

Data = dict[str, Any]


class Tools:
    """Answers one message at a time per call of a tool: a server is asked by one thread."""

    def __init__(self, box: Toolbox) -> None:
        self._box = box
        self._names = {one.name.removeprefix(PREFIX): one.name for one in box.tools}  # a client adds one of its own
        self._turn = threading.Lock()

    @property
    def busy(self) -> bool:
        """Whether a tool is at work."""
        return self._turn.locked()

    def answer(self, body: bytes) -> Data | None:
        """The answer to a message; None where it asks for none."""
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            return _error(None, BAD_REQUEST, "This is no JSON.")
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            return _error(None, BAD_REQUEST, "Send one request of JSON-RPC.")
        if "id" not in asked:
            return None
        params = asked.get("params")
        return self._answer(asked["id"], asked["method"], params if isinstance(params, dict) else {})

    def _answer(self, id: Any, method: str, params: Data) -> Data:
        match method:
            case "initialize":
                wanted = params.get("protocolVersion")
                version = wanted if wanted in VERSIONS else VERSIONS[0]
                about = {"name": "hive", "version": "1"}
                return _result(id, protocolVersion=version, capabilities={"tools": {}}, serverInfo=about)
            case "ping":
                return _result(id)
            case "tools/list":
                return _result(id, tools=[_shown(one) for one in self._box.tools])
            case "tools/call":
                return self._call(id, params)
        return _error(id, NO_METHOD, "There is no such method.")

    def _call(self, id: Any, params: Data) -> Data:
        name, arguments = params.get("name"), params.get("arguments") or {}
        if not isinstance(name, str) or name not in self._names or not isinstance(arguments, dict):
            return _error(id, BAD_PARAMS, "There is no such tool.")
        with self._turn:
            answer = self._box.run(ToolCall(f"mcp-{id}"[:60], self._names[name], arguments))
        return _result(id, content=[{"type": "text", "text": answer.text}], isError=answer.problem)


def _shown(tool: Tool) -> Data:
    return {
        "name": tool.name.removeprefix(PREFIX),
        "description": tool.description,
        "inputSchema": dict(tool.parameters),
    }


def _result(id: Any, **result: Any) -> Data:
    return {"jsonrpc": "2.0", "id": id, "result": result}


def _error(id: Any, code: int, message: str) -> Data:
    return {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}
