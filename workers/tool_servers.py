"""A job's MCP servers: joins the project's rules and secrets, the gates, and the client that knows no records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from apps.projects.mcp_servers import headers_of
from apps.projects.models import McpServer
from apps.projects.secrets import SecretError
from apps.runs.questions import LONGEST_QUESTION, Question
from apps.runs.services.active import ActiveJob
from apps.runs.services.ask import ask_questions
from apps.runs.services.outage import outlast
from workers.kept import KeptTrajectory
from workers.llm.gateway.tools import Tools
from workers.llm.tools.mcp import Rules, mcp_tools
from workers.llm.tools.port import Instrument, Toolbox, ToolFailed
from workers.mcp.port import Elsewhere, Inside, Server
from workers.sandbox.port import Sandbox

ALLOW, REFUSE = "Allow this call", "Refuse this call"
SHOWN = LONGEST_QUESTION - 300  # characters of a call's arguments in a question
PRINTED = 20_000


def servers_of(job: ActiveJob) -> list[McpServer]:
    rows = job.run.project.mcp_servers.filter(enabled=True).select_related("project")
    return outlast(lambda: list(rows), "mcp_servers")


@contextmanager
def tools_of_servers(
    job: ActiveJob, sandbox: Sandbox, trajectory: KeptTrajectory, *, planning: bool = False
) -> Iterator[list[Instrument]]:
    """The tools of the project's servers, as long as these live. Calls that a person approves are offered where there
    is anybody to ask, and not while the manager is `planning`. A server that cannot be had is told of in the job's log;
    the others are there.
    """
    rows = {row.name: row for row in servers_of(job)}
    servers = [server for row in rows.values() if (server := _server(job, row))]
    if not servers:
        yield []
        return
    from workers.mcp.asked import Network  # bring in the SDK, which takes a second
    from workers.mcp.servers import JobServers

    rules = Rules(
        policy=_policy(rows),
        approve=_Approval(job, trajectory),
        mask=job.masked,
        put=job.print,
        gated=not planning and not job.run.unattended,
        plans=lambda server, tool: planning and rows[server].plans_with(tool),
    )
    with JobServers(servers, sandbox, Network(frozenset(settings.MCP_HOSTS))) as entered:
        job.on_stop(lambda stop: entered.cancel(stop.message))
        yield mcp_tools(entered, rules)


@contextmanager
def tools_for_program(job: ActiveJob, sandbox: Sandbox) -> Iterator[Tools | None]:
    """For a program in the sandbox that has a model of its own and calls by itself: what its project allows. None where
    there is no tool. What a person would have to approve is absent: the program cannot wait.
    """
    rows = {row.name: row for row in servers_of(job)}
    servers = [server for row in rows.values() if (server := _server(job, row))]
    if not servers:
        yield None
        return
    from workers.mcp.asked import Network  # bring in the SDK, which takes a second
    from workers.mcp.servers import JobServers

    policy = _policy(rows)
    rules = Rules(policy, _refuse, job.masked, job.print, gated=False)
    with JobServers(servers, sandbox, Network(frozenset(settings.MCP_HOSTS))) as entered:
        job.on_stop(lambda stop: entered.cancel(stop.message))
        made = mcp_tools(entered, rules)
        yield Tools(Toolbox(made)) if made else None


def _policy(rows: Mapping[str, McpServer]) -> Callable[[str, str], str]:
    return lambda server, tool: rows[server].policy_of(tool)


def _refuse(server: str, tool: str, arguments: Mapping[str, Any]) -> None:  # noqa: ARG001 - see Rules.approve
    raise ToolFailed("A person would have to approve this call, and none can be asked now.")


def _server(job: ActiveJob, row: McpServer) -> Server | None:
    if row.command:
        return Inside(row.name, row.command, row.env, row.timeout_s)
    try:
        return Elsewhere(row.name, row.url, headers_of(row), row.timeout_s)
    except SecretError as error:
        job.print(f"[hive] The MCP server {row.name} offers nothing: {error}")
        return None


class _Approval:
    """Asks a person about one call. The attempt ends; the next one comes to the same call, and finds the answer."""

    def __init__(self, job: ActiveJob, trajectory: KeptTrajectory) -> None:
        self._job, self._trajectory = job, trajectory

    def __call__(self, server: str, tool: str, arguments: Mapping[str, Any]) -> None:
        """Raises Asked, ToolFailed. An approval is for one call: the number of its turn tells it from the next one."""
        whole = self._job.masked(json.dumps(arguments, ensure_ascii=False, sort_keys=True))
        text = f"Call {self._trajectory.count}: may the model call {tool[:100]} of the MCP server {server}?"
        question = Question(f"{text}\nArguments: {_shown(whole)}", (ALLOW, REFUSE))
        if len(whole) > SHOWN:
            self._job.print(f"[hive] {text} Arguments: {whole[:PRINTED]}")
        answered = ask_questions(self._job, [question])
        if answered.answers[0] != ALLOW:
            raise ToolFailed(f"A person refused this call. {answered.message}".strip())


def _shown(arguments: str) -> str:
    if len(arguments) <= SHOWN:
        return arguments
    half = SHOWN // 2 - 60
    left_out = len(arguments) - 2 * half
    return f"{arguments[:half]} [… {left_out:,} characters are in the job's log …] {arguments[-half:]}"
