"""The work of testing.ci: one cell of a pipeline's job file, by its order, in a sandbox of this machine."""

from __future__ import annotations

from apps.events.models import EventType
from apps.fleet.orders import order_of, with_secrets
from apps.projects.secrets import SecretError
from apps.runs.outcome import JobFailed, Outcome, counted, done, failed
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from workers.agent.runner import run
from workers.places import require_room, work_folder
from workers.testing.desk import JobDesk, sandbox_of


def ci(job: ActiveJob) -> Outcome:
    require_room()
    job.emit(EventType.PHASE, name="ci", task=job.task.key)
    try:
        order = with_secrets(job.row, order_of(job.row))
    except SecretError as error:
        raise JobFailed(Reason.INVALID_SPEC, str(error)) from error
    report = run(order, JobDesk(job), lambda wanted: sandbox_of(job, wanted), work_folder())
    if report.reason:
        return failed(Reason(report.reason), report.message, **report.seen)
    tests = f"; {report.tests.passed} tests passed" if report.tests else ""
    return done(f"{counted(len(report.commands), 'command')} exited with 0{tests}", **report.seen)
