"""A live look at an MCP server with a command: started in a sandbox as a job's would be, asked once, and ended."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any, BinaryIO, cast

from apps.events.masking import mask_text
from apps.projects.mcp_looks import Looked
from apps.projects.models import McpServer, Project
from apps.projects.secrets import values_to_mask
from apps.specs.schema.limits import Constraints
from workers.confine import kind_for, limits_of
from workers.engine import engine
from workers.mcp.port import Inside
from workers.mcp_look import asked
from workers.places import repository_of, work_folder
from workers.sandbox import open_sandbox
from workers.sandbox.port import Sandbox, SandboxError


def look_inside(server_id: int) -> dict[str, Any]:
    """What is in a Looked. The sandbox is one of a task that asks for nothing: its usual limits, no network, no secret.

    It has the files of the project's default branch, as a task that begins now would.
    """
    server = McpServer.objects.select_related("project").filter(pk=server_id).first()
    if server is None or not server.command:
        return asdict(Looked(False, "It is not there any more."))
    secrets, usual = values_to_mask(server.project), Constraints()
    label = f"look-{server.pk}-{os.urandom(4).hex()}"
    try:
        with open_sandbox(
            kind_for(usual), scratch=work_folder(), label=label, limits=limits_of(usual), engine=engine()
        ) as sandbox:
            _fill(sandbox, server.project)
            return asdict(asked(Inside(server.name, server.command, server.env, server.timeout_s), sandbox, secrets))
    except SandboxError as error:
        return asdict(Looked(False, f"Its sandbox failed: {mask_text(str(error), secrets)}"))


def _fill(sandbox: Sandbox, project: Project) -> None:
    repository = repository_of(project)
    with repository.archive(repository.resolve(project.default_branch)) as tar:
        sandbox.unpack(cast(BinaryIO, tar))
