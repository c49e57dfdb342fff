"""Acceptance: ask the live release what the spec says it must answer. What answers here is watched from now on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from apps.events.models import EventType
from apps.incidents.services import watch
from apps.releases.models import Release
from apps.releases.states import ReleaseStatus
from apps.runs.outcome import Outcome, counted, done, failed
from apps.runs.services import dispatch
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from apps.specs.schema import Check, Spec
from workers.probe.address import read_address
from workers.probe.check import CheckResult, check_within

MOST_PROBES = 20  # of one release; every check is made once at acceptance


def accept(job: ActiveJob) -> Outcome:
    """The work of monitoring.accept."""
    job.emit(EventType.PHASE, name="accept")
    spec = Spec.model_validate(job.spec)
    release = job.run.releases.select_related("environment").filter(status=ReleaseStatus.LIVE).order_by("-pk").first()
    if release is None:
        return failed(Reason.ACCEPTANCE_FAILED, "The run's release is not live any more; another one took its place.")
    checks = list(spec.checks) or [_health(release)]
    seen = [_ask(job, release, check) for check in checks]
    wrong = [one for one in seen if not one["ok"]]
    if wrong:
        _take_back(release)
        message = f"{wrong[0]['url']}: {wrong[0]['message']}"
        return failed(Reason.ACCEPTANCE_FAILED, message, checks=seen, release=release.pk)
    watch(release, [check.model_dump(mode="json") for check in checks[:MOST_PROBES]])
    return done(f"{counted(len(seen), 'check')} answered", checks=seen, release=release.pk, url=release.environment.url)


def _health(release: Release) -> Check:
    """A spec that asks for nothing asks at least that the site is up."""
    config = release.config
    return Check(url=f"http://{config['environment']}:{config['port']}{config.get('health') or '/'}")


def _ask(job: ActiveJob, release: Release, check: Check) -> dict[str, Any]:
    address = read_address(release.environment.address or [])
    result = check_within(
        check.url,
        address=lambda: address,
        status=check.status,
        contains=check.contains or "",
        within_s=check.within_s,
    )
    job.print(f"{'ok ' if result.ok else 'red'} {check.url}: {result.message}")
    seen = describe(result)
    job.emit(EventType.CHECK, **seen)
    return seen


def describe(result: CheckResult) -> dict[str, Any]:
    return {**asdict(result), "at": result.at.isoformat()}


def _take_back(release: Release) -> None:
    """People should not see what was not accepted: back to the release before, or down where there is none."""
    has_previous = release.environment.previous_id is not None
    dispatch.send("deployment.roll_back" if has_previous else "deployment.stop", release.pk)
