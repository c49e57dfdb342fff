"""plan_again(): a run is handed back to the manager, who plans it anew: in a new run, since a run is of one spec."""

from __future__ import annotations

from apps.accounts.models import User
from apps.providers.configured import is_configured
from apps.providers.reading import BadModels
from apps.runs.models import Job, Run
from apps.runs.plan.handing import MANAGER
from apps.runs.services.start import LONGEST_STORY, Wishes, start_run
from apps.runs.services.stop import stop_run
from apps.runs.states import Reason

LONGEST_MESSAGE = 400  # of one task's, in the story
CUT = "\n[… the middle is left out …]\n"


def why_not_planned_again(run: Run) -> str:
    """Why the manager cannot be handed this run; empty where it can. Asks no database."""
    if run.cause == Run.Cause.DELEGATED:
        return f"This is a part of run {run.parent_id}; hand a job of that one to the manager."
    try:
        there = is_configured(MANAGER)
    except BadModels as error:
        return str(error)
    return "" if there else "To plan again needs a model for the manager, and none is configured: set HIVE_MODEL."


def plan_again(job: Job, run: Run, user: User | None, said: str) -> Run:
    """Stop this run and start the one that the manager plans anew, on the same branch, under the same budget.

    What was written stays on this run's branches. Call under the run's lock, in a transaction: both happen, or neither.
    """
    who = user.get_username() if user else "the operator"
    wishes = Wishes(
        story=story_again(run, job, who, said),
        engine="" if run.engine == "template" else run.engine,
        unattended=run.unattended,
        budget=run.budget,
    )
    fresh = start_run(run.project, None, user, workflow="story", cause=Run.Cause.REPLAN, parent=run, wishes=wishes)
    stop_run(run.pk, Reason.HANDED_OFF, f"Handed to the manager by {who}: run {fresh.pk} plans it again.")
    return fresh


def story_again(run: Run, job: Job, who: str, said: str) -> str:
    """What was asked for, how far it came, and what the person says: the beginning and the end are always whole."""
    text = run.spec_version.text if run.spec_version else ""
    asked = run.story or f"Build what this spec describes:\n\n{text}"
    lines = [f"- {task.key}: {task.title}: {_state(task.status, task.message)}" for task in run.tasks.all()]
    end = f"This is planned again: run {run.pk} was stopped at {job.step} of the task {job.task}. Its tasks were:"
    end = "\n".join([end, *lines])
    if run.story and text:
        end = f"{end}\n\nIts spec, which is to be changed, not repeated:\n\n{text}"
    after = f"{who} says what is to be different: {said}" if said else f"{who} asks for another plan."
    before = _cut(f"{asked.strip()}\n\n{end}", LONGEST_STORY - len(after) - 2)
    return f"{before}\n\n{after}"


def _state(status: str, message: str) -> str:
    return f"{status} ({message[:LONGEST_MESSAGE]})" if message else status


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    half = (most - len(CUT)) // 2
    return f"{text[:half]}{CUT}{text[-half:]}"
