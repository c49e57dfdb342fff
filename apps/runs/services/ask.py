"""ask_questions(): a job asks a person. The attempt ends, a gate waits, the next attempt goes on with the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from apps.events.services import record
from apps.runs.models import Gate, Job
from apps.runs.outcome import JobFailed, Outcome, counted
from apps.runs.questions import Answered, Question, check_questions, stored
from apps.runs.services.active import ActiveJob
from apps.runs.states import GateStatus, JobStatus, Reason

QUESTIONS = "questions"  # the gate's name, and where the outcome of a job that asks holds them


class Asked(JobFailed):
    """Ends the attempt: let it pass through to perform(), once what was done is kept. See ask_questions."""

    def __init__(self, questions: Sequence[Mapping[str, Any]]) -> None:
        Exception.__init__(self, f"Asks a person {counted(len(questions), 'question')}; goes on with the answers.")
        self.outcome = Outcome(JobStatus.CANCELED, Reason.ASKED, str(self), {QUESTIONS: list(questions)})


def ask_questions(job: ActiveJob, questions: Sequence[Question]) -> Answered:
    """The answers, where a person has given them to an earlier attempt of this job; else raises Asked.

    A job that asks is written like this: work until something is unclear, keep what was done where the next attempt
    finds it (a trajectory, a snapshot), call this. The first time it raises: perform() ends the attempt, and in the
    same transaction a gate opens. When a person has answered, the next attempt of the same step, task and round comes
    to this line again with the same questions, and is given the answers. A rejected gate ends the run.

    Raises BadQuestions for more than five, or for such that cannot be asked.
    """
    check_questions(questions)
    asked = job.masked(stored(questions))
    for gate in gates_of_step(job.row).filter(status=GateStatus.APPROVED).order_by("-pk"):
        if gate.questions == asked:
            return Answered(tuple(gate.answers), gate.message)
    raise Asked(asked)


def open_gate(job: Job, outcome: Outcome) -> None:
    """The gate of a job that ended by asking. Call in the transaction in which it ends."""
    gate = Gate.objects.create(
        run_id=job.run_id, job=job, name=QUESTIONS, round=job.round, questions=outcome.data[QUESTIONS]
    )
    texts = [one["text"] for one in gate.questions]
    data = {"id": gate.pk, "name": gate.name, "from": "", "to": str(gate.status), "questions": texts}
    record(job.run_id, Gate.EVENT, data, job_id=job.pk)


def gates_of_step(job: Job) -> QuerySet[Gate]:
    """Every gate that an attempt at the same work has opened, in this round."""
    attempts = Job.objects.filter(run=job.run_id, task=job.task_id, step=job.step, round=job.round)
    return Gate.objects.filter(job__in=attempts)
