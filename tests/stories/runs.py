"""The stories: one function per state that a page has to show."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from apps.accounts.models import User
from apps.incidents import services as watching
from apps.incidents.models import Incident, ProbeResult
from apps.projects.models import Project
from apps.releases.models import Release
from apps.runs.models import Gate, Job, Run
from apps.runs.outcome import failed
from apps.runs.plan.workflows import CODE, PLAN, TEST
from apps.runs.services.approve import approve_gate
from apps.runs.services.start import start_run
from apps.runs.services.stop import cancel_run
from apps.runs.states import Reason
from apps.specs.services import save
from tests.stories.worker import Worker, red_tests

BLOG = """\
id: blog
title: Create blog website
tasks:
  - id: home
    title: Home page
    inputs: [{type: template, name: simple-static}]
    outputs: [{path: /workspace/tasks/home/src}]
    tests: [{run: ./run-tests.sh}]
acceptance:
  - url: http://devsite:8080/
  - url: http://devsite:8080/feed.xml
"""
TASK = """\
  - id: {0}
    title: {1}
    depends_on: [{2}]
    outputs: [{{path: src}}]
    tests: [{{run: ./run-tests.sh}}]
"""
DIAMOND = "".join(
    (
        "id: almanac\ntitle: A beekeeper's almanac\ntasks:\n",
        TASK.format("home", "Home page", ""),
        TASK.format("spring", "Posts about spring", "home"),
        TASK.format("autumn", "Posts about autumn", "home"),
        TASK.format("feed", "Feed and sitemap", "spring, autumn"),
        "acceptance:\n  - url: http://devsite:8080/\ndeploy: {directory: public}\nrepair: {rounds: 1}\n",
    )
)


def begin(project: Project, user: User | None, text: str = BLOG) -> Worker:
    """A run that is recorded and has not begun."""
    return Worker(start_run(project, save(project, text, user), user))


def planned_for_a_model(project: Project, user: User | None) -> Worker:
    """A planned run whose task a model writes."""
    worker = begin(project, user)
    Run.objects.filter(pk=worker.run.pk).update(engine="model")
    worker.do(PLAN)
    worker.run.tasks.update(spec={**worker.run.tasks.get().spec, "engine": "model"})
    return worker


def queued(project: Project, user: User | None) -> Run:
    return begin(project, user).run


def running(project: Project, user: User | None) -> Run:
    """A diamond half way: its second row at work, one of the two already in a repair round."""
    worker = begin(project, user, DIAMOND)
    worker.do(PLAN)
    worker.do(CODE, "home")
    worker.do(TEST, "home")
    worker.do(CODE, "spring")
    worker.do(TEST, "spring", red_tests())
    worker.do(CODE, "autumn")
    worker.chat(worker.take(TEST, "autumn"))
    worker.chat(worker.take(CODE, "spring"))
    return ended_earlier(worker.run)


def waiting(project: Project, user: User | None) -> Run:
    """A run whose gate before the deployment waits for a person."""
    worker = begin(project, user, BLOG + "gates: [before_deploy]\n")
    worker.go()
    return ended_earlier(worker.run)


def completed(project: Project, user: User | None, text: str = BLOG, looks: int = 60) -> Run:
    """Deployed, accepted, and watched since."""
    worker = begin(project, user, text)
    worker.go()
    for gate in Gate.objects.filter(run=worker.run):
        approve_gate(gate, user, "Looks good to me.")
        worker.go()
    worker.run.refresh_from_db()
    watched(worker.run, looks)
    return ended_earlier(worker.run)


def failing(project: Project, user: User | None) -> Run:
    worker = begin(project, user, BLOG.replace("id: blog", "id: broken").replace("Create blog", "Broken blog"))
    worker.go(until=TEST)
    worker.do(TEST, "home", red_tests())
    if worker.run.jobs.filter(step=CODE, round=2).exists():
        worker.do(CODE, "home")
        worker.do(TEST, "home", red_tests())
    return ended_earlier(worker.run)


def lost(project: Project, user: User | None) -> Run:
    """Its worker died; the second attempt is at work."""
    worker = begin(project, user)
    worker.do(PLAN)
    worker.do(CODE, "home", failed(Reason.LOST, "Its worker process 4711 died."))
    worker.chat(worker.take(CODE, "home"))
    return ended_earlier(worker.run)


def canceled(project: Project, user: User | None) -> Run:
    worker = begin(project, user)
    worker.do(PLAN)
    cancel_run(worker.run, user)
    worker.look()
    return ended_earlier(worker.run)


def noop(project: Project, user: User | None) -> Run:
    worker = Worker(start_run(project, None, user, workflow="noop"))
    worker.go()
    return ended_earlier(worker.run)


def watched(run: Run, looks: int = 60) -> Release:
    """The run's release with a history of looks, an incident that was repaired among them."""
    release = run.releases.get()
    checks = [{"url": "http://devsite:8080/", "status": 200}]
    (probe, *_) = watching.watch(release, checks)
    now = timezone.now()
    for number in range(looks):
        ok = number not in (looks // 2, looks // 2 + 1)
        seen = watching.Seen(ok, 3.0 + number % 7, 200 if ok else None, "" if ok else "Connection refused")
        incident = watching.note(probe, seen)
        if incident is not None:
            watching.act(incident)
        newest = ProbeResult.objects.filter(probe=probe).order_by("-pk")[:1]
        ProbeResult.objects.filter(pk__in=newest.values("pk")).update(at=now - timedelta(seconds=10 * (looks - number)))
    return release


def incident(project: Project, user: User | None, looks: int = 60) -> Incident:
    """A release that has stopped answering just now."""
    run = completed(project, user, looks=looks)
    release = run.releases.get()
    probe = release.probes.get()
    for _ in range(watching.FAILURES):
        found = watching.note(probe, watching.Seen(False, 0.0, None, "Connection refused", "Traceback: out of honey"))
    assert found is not None
    watching.act(found)
    return found


def ended_earlier(run: Run, ago: timedelta = timedelta(minutes=3)) -> Run:
    """Spread the jobs over a time that a reader would believe; in a story each takes milliseconds."""
    at = timezone.now() - ago
    Run.objects.filter(pk=run.pk).update(created_at=at, started_at=at + timedelta(seconds=1))
    last: datetime = at
    for number, job in enumerate(run.jobs.order_by("pk")):
        took = timedelta(seconds=SECONDS.get(job.role, 3) + number % 3)
        start = last + timedelta(milliseconds=400)
        end = start + took if job.finished_at else None
        values = {
            "started_at": start if job.started_at else None,
            "finished_at": end if job.started_at else job.finished_at and last,
        }
        Job.objects.filter(pk=job.pk).update(queued_at=last, **values)
        last = end or last
    run.refresh_from_db()
    if run.finished_at:
        Run.objects.filter(pk=run.pk).update(finished_at=last)
        run.refresh_from_db()
    return run


SECONDS = {"manager": 1, "coding": 9, "testing": 5, "deployment": 4, "monitoring": 2}
