"""How opencode is started: command line, configuration, environment. docs/engines.md has the reasons."""

from __future__ import annotations

import json
from typing import Any

from workers.coding.engines.opencode.forwarder import SCRIPT
from workers.llm.gateway.handler import MODEL
from workers.llm.gateway.tools import PATH
from workers.sandbox.port import Forwarder

PROGRAM, SEARCH = "opencode", "rg"  # what it looks for on its PATH; without the second it cannot grep or glob
RESERVED_BYTES = 8 * 2**30  # its runtime takes address space by the gigabyte, and uses a tenth of it
KEY = "HIVE_MODEL_KEY"
LONGEST_PROMPT_BYTES = 100_000  # the kernel passes 128 KiB per argument
PROMPT_FILE = ".hive/task.md"  # in the workspace, never in a commit
LONGEST_CALL_MS = 660_000  # of a tool; Hive's own limits end it before
# Its binary is a whole Bun: that runs in any image in which opencode does. Not in the workspace, where a repository
# could have Bun read its configuration.
FORWARDER = Forwarder([PROGRAM, "--cwd", "/", "-e", SCRIPT], {"BUN_BE_BUN": "1"})
CONTEXT_TOKENS, OUTPUT_TOKENS = 100_000, 16_000

# A repository that opencode works in, so that it can tell what it changed. Hive's own history lies outside.
PREPARE = (
    "git init -q && git add -A && "
    "git -c user.name=Hive -c user.email=hive@localhost commit -q --allow-empty -m 'Before this task'"
)

# Whatever would ask is denied: nobody answers, and a question that is turned down ends with exit code 0.
PERMISSIONS = {
    "*": "allow",
    "external_directory": {"*": "deny", "/tmp/*": "allow"},  # noqa: S108 - the sandbox's own
    "doom_loop": "deny",
    "question": "deny",
    "webfetch": "deny",
    "websearch": "deny",
}


def command(prompt: str) -> list[str]:
    return [PROGRAM, "run", "--pure", "--format", "json", "-m", f"hive/{MODEL}", prompt]


def environment(address: str, key: str, *, tools: bool = False) -> dict[str, str]:
    """Added to the sandbox's own, which has a HOME of its own and nothing of Hive's."""
    return {
        KEY: key,
        "OPENCODE_CONFIG_CONTENT": json.dumps(configuration(address) | (mcp(address) if tools else {})),
        "OPENCODE_DISABLE_PROJECT_CONFIG": "1",  # else plugins of the repository run at the start
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        "OPENCODE_DISABLE_SHARE": "1",
        "OPENCODE_DISABLE_CLAUDE_CODE": "1",
        "OPENCODE_DISABLE_EXTERNAL_SKILLS": "1",
    }


def configuration(address: str) -> dict[str, Any]:
    wait_ms = 24 * 3600 * 1000  # the gateway knows how long a model may take
    options = {"baseURL": address, "apiKey": f"{{env:{KEY}}}", "timeout": wait_ms}
    models = {MODEL: {"name": MODEL, "limit": {"context": CONTEXT_TOKENS, "output": OUTPUT_TOKENS}}}
    return {
        "provider": {"hive": {"npm": "@ai-sdk/openai-compatible", "options": options, "models": models}},
        "model": f"hive/{MODEL}",
        "small_model": f"hive/{MODEL}",
        "enabled_providers": ["hive"],
        "permission": PERMISSIONS,
        "agent": {"title": {"disable": True}},  # a call that nobody needs
        "share": "disabled",
        "autoupdate": False,
        "snapshot": False,  # Hive keeps the files after each step
        "lsp": False,
        "formatter": False,
    }


def mcp(address: str) -> dict[str, Any]:
    """The tools of the project's servers, through the gateway: which there are, and what they may do, is Hive's."""
    place = f"{address.removesuffix('/v1')}{PATH}"
    headers = {"Authorization": f"Bearer {{env:{KEY}}}"}
    way = {"type": "remote", "url": place, "headers": headers, "oauth": False, "timeout": LONGEST_CALL_MS}
    return {"mcp": {"mcp": {**way, "enabled": True}}}


def is_long(prompt: str) -> bool:
    return len(prompt.encode(errors="replace")) > LONGEST_PROMPT_BYTES


def read_it_from(workspace: str) -> str:
    """For a task that is too long for a command line."""
    return f"Your task is described in the file {workspace}/{PROMPT_FILE}. Read all of it first, then do it."
