"""A job's MCP servers: joins the project's rules and secrets, the gates, and the client that knows no records."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from apps.projects.mcp_servers import headers_of
from apps.projects.models import McpServer
from apps.projects.secrets import SecretError
from apps.runs.questions import LONGEST_QUESTION, Answered, Question
from apps.runs.services.active import ActiveJob
from apps.runs.services.ask import Asked, ask_questions, gates_of_step
from apps.runs.services.outage import outlast
from apps.runs.states import GateStatus
from workers.kept import KeptTrajectory
from workers.llm.gateway.tools import Tools
from workers.llm.port import Role
from workers.llm.tools.mcp import Rules, mcp_tools
from workers.llm.tools.port import Instrument, Toolbox, ToolFailed
from workers.mcp.naming import PREFIX, called
from workers.mcp.port import Elsewhere, Inside, Server
from workers.sandbox.port import Sandbox

ALLOW, REFUSE = "Allow this call", "Refuse this call"
WAITS = "A person must decide about this call. This attempt ends here; the next one goes on with the answer."
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
def tools_for_program(
    job: ActiveJob, sandbox: Sandbox, trajectory: KeptTrajectory, end: Callable[[Exception], None]
) -> Iterator[Tools | None]:
    """For a program in the sandbox that has a model of its own and calls by itself: what its project allows. None where
    there is no tool. A call that a person must approve ends the attempt, by `end`, which hears what is to be raised.
    """
    rows = {row.name: row for row in servers_of(job)}
    servers = [server for row in rows.values() if (server := _server(job, row))]
    if not servers:
        yield None
        return
    from workers.mcp.asked import Network  # bring in the SDK, which takes a second
    from workers.mcp.servers import JobServers

    policy = _policy(rows)
    approve = _Program(job, trajectory, end)
    rules = Rules(policy, approve, job.masked, job.print, gated=not job.run.unattended)
    with JobServers(servers, sandbox, Network(frozenset(settings.MCP_HOSTS))) as entered:
        job.on_stop(lambda stop: entered.cancel(stop.message))
        made = mcp_tools(entered, rules)
        yield Tools(Toolbox(made)) if made else None


def _policy(rows: Mapping[str, McpServer]) -> Callable[[str, str], str]:
    return lambda server, tool: rows[server].policy_of(tool)


def decided_last(job: ActiveJob) -> str:
    """What a person has answered about a call of an earlier attempt's, for a conversation that begins anew."""
    gate = outlast(lambda: gates_of_step(job.row).filter(status=GateStatus.APPROVED).order_by("pk").last(), "gates")
    if gate is None:
        return ""
    return "\n".join(
        f"A person was asked: {question['text']}\nThe answer: {answer}. {gate.message}".strip()
        for question, answer in zip(gate.questions, gate.answers, strict=True)
    )


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
        text = f"Call {self._trajectory.count}: may the model call {tool[:100]} of the MCP server {server}?"
        _require(_decision(self._job, text, arguments))


class _Program:
    """The same for a program, whose conversation cannot be gone on with: the next attempt's is told of the answer, and
    comes to the same call again. Which call it is, is told by how many of that tool's have been answered before.
    """

    def __init__(self, job: ActiveJob, trajectory: KeptTrajectory, end: Callable[[Exception], None]) -> None:
        self._job, self._end = job, end
        self._answered = Counter(turn.message.name for turn in trajectory.load() if turn.message.role is Role.TOOL)

    def __call__(self, server: str, tool: str, arguments: Mapping[str, Any]) -> None:
        """Raises ToolFailed."""
        name = f"mcp_{called(server, tool).removeprefix(PREFIX)}"  # as opencode calls it
        text = f"Call {self._answered[name] + 1} of it: may opencode call {tool[:100]} of the MCP server {server}?"
        try:
            answered = _decision(self._job, text, arguments)
        except Asked as asked:
            self._end(asked)
            raise ToolFailed(WAITS) from None
        self._answered[name] += 1
        _require(answered)


def _decision(job: ActiveJob, text: str, arguments: Mapping[str, Any]) -> Answered:
    """Raises Asked."""
    whole = job.masked(json.dumps(arguments, ensure_ascii=False, sort_keys=True))
    if len(whole) > SHOWN:
        job.print(f"[hive] {text} Arguments: {whole[:PRINTED]}")
    return ask_questions(job, [Question(f"{text}\nArguments: {_shown(whole)}", (ALLOW, REFUSE))])


def _require(answered: Answered) -> None:
    """Raises ToolFailed where the call was refused."""
    if answered.answers[0] != ALLOW:
        raise ToolFailed(f"A person refused this call. {answered.message}".strip())


def _shown(arguments: str) -> str:
    if len(arguments) <= SHOWN:
        return arguments
    half = SHOWN // 2 - 60
    left_out = len(arguments) - 2 * half
    return f"{arguments[:half]} [… {left_out:,} characters are in the job's log …] {arguments[-half:]}"
