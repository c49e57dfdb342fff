"""Write the spec of a run from its story. In plan mode: what changes things is not among the tools."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from apps.events.models import EventType
from apps.runs.outcome import Outcome, counted, done, failed
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from apps.specs.schema.limits import Constraints
from workers.asking import JobBudget, model_for
from workers.beginning import branch_tip
from workers.confine import sandbox_for
from workers.kept import KeptTrajectory
from workers.llm.budget import BudgetExhausted
from workers.llm.loop.condense import Condenser
from workers.llm.loop.ending import reason_of
from workers.llm.loop.loop import Loop, Surroundings
from workers.llm.loop.stuck import Stuck
from workers.llm.port import Message, ModelCanceled, ModelError, Role
from workers.llm.prompts import prompt
from workers.llm.tools.desk import Desk
from workers.llm.tools.files import read
from workers.llm.tools.port import Instrument, Toolbox
from workers.llm.tools.search import glob, grep
from workers.manager.specify.tools import NeverValid, Proposals, spec_help
from workers.people import ask_tools
from workers.places import repository_of, require_room
from workers.telling import Telling
from workers.tool_servers import servers_of, tools_of_servers

CONTEXT_TOKENS = 100_000
MOST_GATES = 1  # with questions: a person is not called twice


def specify(job: ActiveJob) -> Outcome:
    """The work of manager.specify. The spec is kept with the job's end."""
    job.emit(EventType.PHASE, name="specify")
    require_room()
    proposals = Proposals(job)
    model = model_for(job)  # first: without one, nothing else is worth beginning
    trajectory = KeptTrajectory(job)
    with _reading(job, trajectory) as (tools, has_files), Telling(job) as telling:
        proposals.recall(trajectory.load())
        box = Toolbox([*tools, spec_help(), *ask_tools(job, MOST_GATES), proposals.tool()]).without_changes()
        around = Surroundings(job.emit, on_delta=telling)
        loop = Loop(model, box, trajectory, JobBudget(job), around, Condenser(CONTEXT_TOKENS))
        try:
            loop.run(_opening(job, has_files=has_files))
        except (BudgetExhausted, Stuck, ModelError) as error:
            return failed(Reason(reason_of(error)), f"No spec was written. {error}")
        except NeverValid as error:
            return failed(Reason.INVALID_SPEC, str(error))
        except ModelCanceled as error:
            return failed(Reason.CANCELED_BY_USER, str(error))
    return _accepted(job, proposals)


def _accepted(job: ActiveJob, proposals: Proposals) -> Outcome:
    checked = proposals.accepted
    assert checked is not None  # noqa: S101 - the loop ends with it, or by an exception
    assert checked.spec is not None  # noqa: S101
    spec = checked.spec
    job.print(checked.text)
    return done(f"{spec.id}: {spec.title}, {counted(len(spec.tasks), 'task')}", spec=checked.text)


def _opening(job: ActiveJob, *, has_files: bool) -> list[Message]:
    system = prompt(
        "manager",
        asking=prompt("manager-decides" if job.run.unattended else "manager-asks"),
        repository=prompt("manager-reads" if has_files else "manager-begins"),
        format=prompt("spec-format"),
    )
    return [Message(Role.SYSTEM, system), Message(Role.USER, prompt("story", story=job.run.story))]


@contextmanager
def _reading(job: ActiveJob, trajectory: KeptTrajectory) -> Iterator[tuple[list[Instrument], bool]]:
    """Tools that read the project's files, and those of its servers; whether it has any files. In a sandbox, as all
    that a model does. Nobody is asked to approve a call: the manager asks once, and that is what the story means.
    """
    repository = repository_of(job.run.project)
    base = branch_tip(job.run, repository)
    has_files = bool(repository.files(base))
    if not has_files and not servers_of(job):
        yield [], False
        return
    with sandbox_for(job, Constraints(), kept_as="") as sandbox:
        with repository.archive(base) as tar:
            sandbox.unpack(cast(BinaryIO, tar))
        desk = Desk(sandbox)
        with tools_of_servers(job, sandbox, trajectory, planning=True) as servers:
            yield [*([read(desk), glob(desk), grep(desk)] if has_files else []), *servers], has_files
