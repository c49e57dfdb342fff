"""Steer a job under way: say something to it, pause it, let it go on, hand its work to another role.

All of it is recorded under the run's lock, as an event too. What asks a job obeys between two of its steps; a job of
tests is ended in the middle, since what it does can be done again.
"""

from __future__ import annotations

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from apps.accounts.models import User
from apps.events import clock, wake
from apps.events.masking import mask_text
from apps.events.models import EventType
from apps.events.services import record
from apps.events.texts import storable
from apps.projects.secrets import values_to_mask
from apps.providers.configured import keys
from apps.runs.models import Job, Run
from apps.runs.plan.handing import HAND_OFFS, MANAGER, refusal
from apps.runs.plan.workflows import CODE, WRITE_TESTS
from apps.runs.services import dispatch
from apps.runs.services.plan_again import plan_again, why_not_planned_again
from apps.runs.states import JOB_ENDED, RUN_ENDED, JobStatus
from apps.runs.steering import Steering, is_paused, open_steering

LONGEST = 4_000  # characters of one message
MOST_WAITING = 20  # messages that a job has not read yet
NO_STEPS = "This job asks no model step by step; it cannot be spoken to, nor paused. Cancel the run."
WITH_STEPS = ("model",)  # engines that look between their steps what was said

Kind = Steering.Kind


class SteeringRefused(Exception):
    """This cannot be done with the job now; the text says why."""


def say(job: Job, user: User | None, text: str) -> Steering:
    """A message that the job's model reads before its next call, once. Raises SteeringRefused."""
    said = _masked(job, text)
    if not said:
        raise SteeringRefused("The message is empty.")
    with transaction.atomic():
        _lock(job)
        _require_steps(job)
        _require_goes_on(job)
        if open_steering(job.task_id or 0, job.step, Kind.MESSAGE).count() >= MOST_WAITING:
            raise SteeringRefused(f"{MOST_WAITING} messages wait already; the job has not come to read them.")
        return _keep(job, Kind.MESSAGE, user, said, f"wrote: {said}")


def pause_job(job: Job, user: User | None) -> Steering:
    """It gives its worker back after the step that it is at, with its work kept. Raises SteeringRefused."""
    with transaction.atomic():
        _lock(job)
        _require_steps(job)
        if job.status != JobStatus.RUNNING:
            raise SteeringRefused(f"The job is {job.status}, not running.")
        try:
            with transaction.atomic():
                return _keep(job, Kind.PAUSE, user, "", "pauses the job")
        except IntegrityError:
            raise SteeringRefused("The job is paused already.") from None


def resume_job(job: Job, user: User | None) -> None:
    """Its work goes on from where it was; the run's deadline moves by as long as it stood. Raises SteeringRefused."""
    with transaction.atomic():
        run = _lock(job)
        pause = open_steering(job.task_id or 0, job.step, Kind.PAUSE).filter(round=job.round).first()
        if pause is None or run.status in RUN_ENDED:
            raise SteeringRefused("The job is not paused.")
        now = clock.now()
        Steering.objects.filter(pk=pause.pk).update(done_at=now)
        if run.deadline_at:
            Run.objects.filter(pk=run.pk).update(deadline_at=F("deadline_at") + (now - pause.said_at))
        _tell(job, "resume", user, "lets the job go on")
        dispatch.advance(run.pk)


def hand_off(job: Job, user: User | None, role: str, text: str = "") -> Steering:
    """The job ends with its work kept, and another role goes on. Raises SteeringRefused.

    From coding to testing: as if the model had submitted. From testing to coding: a repair round, with `text` in the
    place of what the tests would have said. To the manager: this run ends, and a new one is planned from its story (or
    spec), from how far it came, and from `text`.
    """
    said = _masked(job, text)
    told = f"hands the work to {role}{f': {said}' if said else ''}"
    with transaction.atomic():
        run = _lock(job)
        if why := _why_not_handed(job, run, role):
            raise SteeringRefused(why)
        if role == MANAGER:
            kept = _keep(job, Kind.HAND_OFF, user, said, told, role)
            Steering.objects.filter(pk=kept.pk).update(done_at=kept.said_at)
            plan_again(job, run, user, said)
            return kept
        try:
            with transaction.atomic():
                return _keep(job, Kind.HAND_OFF, user, said, told, role)
        except IntegrityError:
            raise SteeringRefused("The job is being handed on already.") from None


def _why_not_handed(job: Job, run: Run, role: str) -> str:
    """Empty where it can be. `job` and `run` as they are under the run's lock."""
    if why := refusal(job.step, role):
        return why
    if role == MANAGER:
        waits = job.status == JobStatus.RUNNING or _is_paused(job)
        return why_not_planned_again(run) if waits else f"The job is {job.status}, not running."
    if job.status != JobStatus.RUNNING:
        return f"The job is {job.status}, not running."
    if job.step == CODE:
        return "" if _has_steps(job) else NO_STEPS
    rounds = (run.spec_version.data if run.spec_version else {}).get("repair", {}).get("rounds", 0)
    return "The spec allows no further round of repair." if job.round > rounds else ""


def can_be_steered(job: Job) -> list[str]:
    """What may be said to the job now: for faces, which show no button that would be refused."""
    if job.run.ended or job.run.stop_reason or job.task is None:
        return []
    paused = _is_paused(job)
    found = ["resume"] if paused else []
    if _has_steps(job) and (paused or not job.ended):
        found.append("say")
    if job.status == JobStatus.RUNNING and _has_steps(job) and not paused:
        found.append("pause")
    return [*found, "hand_off"] if roles_to_hand_to(job) else found


def roles_to_hand_to(job: Job) -> list[str]:
    """The roles to which the job's work can be handed now."""
    if job.run.ended or job.run.stop_reason or job.task is None:
        return []
    return [role for role in HAND_OFFS.get(job.step, ()) if not _why_not_handed(job, job.run, role)]


def _lock(job: Job) -> Run:
    """The run's lock first, as everybody takes it; then the job as it is now."""
    run = Run.objects.select_for_update(of=("self",), no_key=True).select_related("spec_version").get(pk=job.run_id)
    job.refresh_from_db()
    if run.status in RUN_ENDED or run.stop_reason:
        raise SteeringRefused("The run has ended, or is about to.")
    return run


def _has_steps(job: Job) -> bool:
    """Whether it is done in steps by something that looks what was said between them."""
    engine = (job.task.spec.get("engine") if job.task else "") or job.run.engine
    return job.step == WRITE_TESTS or (job.step == CODE and engine in WITH_STEPS and not job.runs_on)


def _require_steps(job: Job) -> None:
    if not _has_steps(job):
        raise SteeringRefused(NO_STEPS)


def _require_goes_on(job: Job) -> None:
    if job.status in JOB_ENDED and not _is_paused(job):
        raise SteeringRefused(f"The job is {job.status}.")


def _is_paused(job: Job) -> bool:
    return is_paused(job.task_id or 0, job.step, job.round)


def _masked(job: Job, text: str) -> str:
    if len(text) > LONGEST:
        raise SteeringRefused(f"A message may have {LONGEST:,} characters; this one has {len(text):,}.")
    secrets = [*values_to_mask(job.run.project), *keys(), *settings.OWN_SECRETS]
    return str(storable(mask_text(text, secrets))).strip()


def _keep(job: Job, kind: Kind, user: User | None, text: str, told: str, role: str = "") -> Steering:
    about = {"task_id": job.task_id, "step": job.step, "round": job.round}
    row = Steering.objects.create(
        job=job, kind=kind, text=text, to_role=role, said_by=user, said_at=clock.now(), **about
    )
    _tell(job, kind, user, told)
    return row


def _tell(job: Job, kind: str, user: User | None, told: str) -> None:
    who = user.get_username() if user else "The operator"
    data = {"text": f"{who} {told}", "steering": str(kind), "by": who}
    record(job.run_id, EventType.ACTIVITY, data, job_id=job.pk)
    transaction.on_commit(lambda: wake.run(job.run_id))
