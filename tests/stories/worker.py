"""A worker for stories: takes the jobs of one run, prints and tells as a role would, and ends them as it is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from apps.artifacts.models import Artifact
from apps.artifacts.services.save import save
from apps.events.models import EventType
from apps.releases.services import begin_release, environment_of, go_live, reserve_switch
from apps.runs.models import Job, Run
from apps.runs.outcome import Outcome, done, failed
from apps.runs.plan.workflows import ACCEPT, CODE, DEPLOY, MERGE, PLAN, TEST, VERIFY
from apps.runs.services.active import ActiveJob
from apps.runs.services.advance import decide_and_prepare
from apps.runs.services.claim import claim
from apps.runs.services.finish import finish
from apps.runs.states import JobStatus, Reason

NAME = "worker-1/4711"
COMMIT = "3f9d2c1a7be04d5586f1c2e9a0b7d4431c8e5f60"
SITE = "http://127.0.0.1:8080"


class Worker:
    def __init__(self, run: Run) -> None:
        self.run = run

    def look(self) -> None:
        """What the manager does: decide, and queue what is due."""
        decide_and_prepare(self.run.pk)
        self.run.refresh_from_db()

    def take(self, step: str, task: str = "") -> ActiveJob:
        """Claim the queued job of this step; it runs from now on."""
        queued = self.run.jobs.filter(step=step, status=JobStatus.QUEUED, **({"task__key": task} if task else {}))
        job = queued.order_by("pk").first()
        if job is None:
            self.look()
            job = queued.order_by("pk").first()
        assert job is not None, f"{step} {task} is not queued: {list(self.run.jobs.values_list('step', 'status'))}"
        row = claim(job.pk, self.run.epoch, NAME)
        assert row is not None, f"{job} could not be claimed"
        return ActiveJob(Job.objects.select_related("run__project", "run__spec_version", "task").get(pk=row.pk))

    def end(self, active: ActiveJob, outcome: Outcome | None = None) -> None:
        finish(active, outcome or self.good(active), self.run.epoch)
        self.look()

    def do(self, step: str, task: str = "", outcome: Outcome | None = None) -> Job:
        """One step from its claim to its end, with a little output and an event or two."""
        active = self.take(step, task)
        self.chat(active)
        self.end(active, outcome)
        return active.row

    def chat(self, active: ActiveJob) -> None:
        """What a role prints and tells while it works."""
        step = active.row.step
        active.emit(
            EventType.PHASE, name=step.partition(".")[2], **({"task": active.task.key} if active.row.task else {})
        )
        for line in LINES.get(step, ["working"]):
            active.print(line)
        active.log.close()
        if step == CODE:
            active.emit(EventType.FILE, change="A", path="src/posts/2026-03-20-spring.md")
            save(active, "changes.diff", Artifact.Kind.DIFF, [b"+++ b/index.md\n+Hello\n"])
            save(active, "tree.tar", Artifact.Kind.TREE, [bytes(40_960)])
        if step == TEST:
            active.emit(EventType.ACTIVITY, text="Running ./run-tests.sh")
        if step == DEPLOY:
            self.release(active)

    def release(self, active: ActiveJob) -> None:
        config = {"environment": "devsite", "port": 8080, "health": "/"}
        release = begin_release(active, environment_of(self.run.project, "devsite"), "process", config)
        generation = reserve_switch(release, active)
        go_live(release, generation, url=SITE, address=["tcp", "127.0.0.1", 8080], job=active)

    def good(self, active: ActiveJob) -> Outcome:
        step = active.row.step
        if step == PLAN:
            return done("planned", base_commit="0" * 40, tasks=1)
        if step == CODE:
            outputs = [one["path"] for one in active.task.spec["outputs"]]
            return done("3 files changed", commit=COMMIT, outputs=outputs)
        if step in (TEST, VERIFY):
            return done("1 command passed", tests=[seen_test()], commit=COMMIT)
        if step == MERGE:
            return done("merged", commit=COMMIT)
        if step == ACCEPT:
            return done("2 checks answered", checks=[seen_check("/"), seen_check("/feed.xml")])
        return done()

    def go(self, *, until: str = "", skip: Iterable[str] = ()) -> None:
        """Do what is due, step by step, to the end of the run or up to (not including) the step `until`."""
        self.look()
        for _ in range(200):
            queued = self.run.jobs.filter(status=JobStatus.QUEUED).exclude(step__in=skip).order_by("pk").first()
            if queued is None or queued.step == until:
                return
            self.do(queued.step, queued.task.key if queued.task else "")


def seen_test(**changes: Any) -> dict[str, Any]:
    return {
        "task": "home",
        "command": "./run-tests.sh",
        "commit": COMMIT,
        "exit_code": 0,
        "seconds": 2.4,
        "reason": "",
        "message": "24 tests passed",
        "counts": {"passed": 24, "failed": 0, "skipped": 0},
        **changes,
    }


def seen_check(path: str, **changes: Any) -> dict[str, Any]:
    return {"ok": True, "url": f"http://devsite:8080{path}", "status": 200, "took_ms": 4.2, "message": "", **changes}


def red_tests() -> Outcome:
    message = "22 of 24 tests passed; test_links_resolve: /posts/second/ leads nowhere"
    test = seen_test(
        exit_code=1, reason="tests_failed", message=message, counts={"passed": 22, "failed": 2, "skipped": 0}
    )
    return failed(Reason.TESTS_FAILED, message, tests=[test], commit=COMMIT)


LINES: dict[str, Sequence[str]] = {
    PLAN: ["Reading the spec", "home: Home page"],
    CODE: ["Rendering simple-static into /workspace/tasks/home", "14 files written", f"Commit {COMMIT[:12]}."],
    TEST: [
        f"$ ./run-tests.sh    # home, in /workspace/tasks/home, at {COMMIT[:12]}",
        "\x1b[1mtest_feed_parses\x1b[0m ... \x1b[32mok\x1b[0m",
        "\x1b[1mtest_links_resolve\x1b[0m ... \x1b[32mok\x1b[0m",
        "\x1b[1mtest_titles\x1b[0m ... \x1b[33mskipped\x1b[0m <script>alert('not run')</script>",
        "\x1b[38;5;208mRan 24 tests in 2.381s\x1b[0m",
    ],
    DEPLOY: ["$ python3 build.py", "12 pages in public/", f"[hive] Live at {SITE} (release 1)."],
    ACCEPT: ["ok  http://devsite:8080/: 200 in 4 ms", "ok  http://devsite:8080/feed.xml: 200 in 3 ms"],
}
