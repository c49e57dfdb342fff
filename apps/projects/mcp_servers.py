"""A project's MCP servers: set, removed, and given to the jobs that use them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from apps.projects.models import McpServer, Project
from apps.projects.secrets import ORIGIN, open_secrets

MOST_SERVERS = 8  # of one project
MOST_RULES = 200
LONGEST = 2_000
LONGEST_TIMEOUT_S = 600
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
NAMED = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
CREDENTIAL = re.compile(r"auth|cookie|token|key|secret|password", re.IGNORECASE)
HIVES_OWN = ("host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "accept-encoding")


class BadServer(ValueError):
    """What cannot be a project's MCP server; `where` names the part."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(message)
        self.where = where


@dataclass(frozen=True)
class Wanted:
    """What a server is to be: one with a command, or one with an address."""

    command: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    policy: str = McpServer.Policy.GATE
    tools: dict[str, str] = field(default_factory=dict)
    planning: list[str] = field(default_factory=list)
    timeout_s: int = 60
    enabled: bool = True


def set_server(project: Project, name: str, wanted: Wanted) -> McpServer:
    """Give the project this server, or make the one of this name so. Jobs that begin later use it. Raises BadServer."""
    check_server(name, wanted)
    with transaction.atomic():
        row = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        if row.mcp_servers.exclude(name=name).count() >= MOST_SERVERS:
            raise BadServer("name", f"A project has {MOST_SERVERS} MCP servers at most.")
        return McpServer.objects.update_or_create(project=row, name=name, defaults=asdict(wanted))[0]


def remove_server(server: McpServer) -> None:
    server.delete()


def check_server(name: str, wanted: Wanted) -> None:
    """Raises BadServer."""
    if not NAME.fullmatch(name):
        raise BadServer("name", "Use up to 20 lower-case letters, digits and hyphens.")
    if bool(wanted.command) == bool(wanted.url):
        raise BadServer("command", "Give a command, which runs in the sandbox, or an address (url), and not both.")
    _check_command(wanted.command)
    _check_texts("env", wanted.env, VARIABLE)
    _check_url(wanted.url)
    _check_texts("headers", wanted.headers, HEADER)
    _check_headers(wanted)
    _check_rules(wanted)


def headers_of(server: McpServer) -> dict[str, str]:
    """With the secrets in their places: for the worker that asks it, and for nobody else. Raises SecretError."""
    names = {name for value in server.headers.values() for name in NAMED.findall(value)}
    values = open_secrets(server.project, names) if names else {}
    return {
        header: NAMED.sub(lambda found: values[found[1]].strip(), value) for header, value in server.headers.items()
    }


def _check_command(command: Any) -> None:
    if not isinstance(command, list) or len(command) > 100 or not all(isinstance(word, str) for word in command):
        raise BadServer("command", "A command is a list of texts: the program, and its arguments.")
    if any("\0" in word or len(word) > LONGEST for word in command) or (command and not command[0].strip()):
        raise BadServer(
            "command", f"An argument has {LONGEST} characters at most, and the first one names the program."
        )


def _check_texts(where: str, texts: Any, names: re.Pattern[str]) -> None:
    if not isinstance(texts, dict) or len(texts) > 50:
        raise BadServer(where, "Use an object of up to 50 names and texts.")
    for name, value in texts.items():
        if not names.fullmatch(name):
            raise BadServer(where, f"{name[:100]!r} is no name that can be used here.")
        if not isinstance(value, str) or len(value) > LONGEST or re.search(r"[\0\r\n]", value):
            raise BadServer(where, f"{name}: use one line of up to {LONGEST} characters.")


def _check_url(url: str) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
        readable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        readable = False
    if not readable or parts.scheme not in ("https", "http") or len(url) > 500 or not re.fullmatch(r"[!-~]+", url):
        raise BadServer("url", "Use an address that begins with https://, of up to 500 plain characters.")
    if "@" in parts.netloc:
        raise BadServer("url", "An address holds no name and no password. Use a header that names a secret.")


def _check_headers(wanted: Wanted) -> None:
    if wanted.headers and not wanted.url:
        raise BadServer("headers", "Headers are sent to a server that is asked over HTTP.")
    if wanted.env and not wanted.command:
        raise BadServer("env", "Variables are for a server that runs in the sandbox.")
    for name, value in wanted.headers.items():
        if name.lower() in HIVES_OWN or name.lower().startswith("mcp-"):
            raise BadServer("headers", f"{name} is set by Hive itself.")
        if ORIGIN in NAMED.findall(value):
            raise BadServer("headers", f"{ORIGIN} is the password of the project's origin, for no other server.")
        if CREDENTIAL.search(name) and not NAMED.search(value):
            raise BadServer(
                "headers", f"{name} looks like a credential. Put it into a secret, and name that: ${{NAME}}."
            )


def _check_rules(wanted: Wanted) -> None:
    policies = McpServer.Policy.values
    rules: Mapping[Any, Any] = wanted.tools if isinstance(wanted.tools, dict) else {"": ""}
    if len(rules) > MOST_RULES or not all(0 < len(name) <= 200 and rule in policies for name, rule in rules.items()):
        raise BadServer(
            "tools", f"Use an object of up to {MOST_RULES} names of tools, each with {', '.join(policies)}."
        )
    if (
        not isinstance(wanted.planning, list)
        or len(wanted.planning) > MOST_RULES
        or not all(isinstance(name, str) and 0 < len(name) <= 200 for name in wanted.planning)
    ):
        raise BadServer("planning", f"Use a list of up to {MOST_RULES} names of tools.")
    if wanted.policy not in policies:
        raise BadServer("policy", f"Use {', '.join(policies)}.")
    if not 1 <= wanted.timeout_s <= LONGEST_TIMEOUT_S:
        raise BadServer("timeout_s", f"A call may take 1 to {LONGEST_TIMEOUT_S} s.")
