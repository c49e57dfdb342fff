"""Releases as people ask about them: where it is, whether it answers, how it did so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from apps.accounts.access import visible_organisations
from apps.accounts.models import User
from apps.incidents.models import Incident, Probe, ProbeResult
from apps.incidents.states import IncidentStatus
from apps.projects.queries import NAMED
from apps.releases.models import Environment, Release
from apps.runs.models import Run

LOOKS = 60  # how many of the newest looks a history shows
PAGE = 20
BAR_WIDTH, BAR_PITCH, BAR_HEIGHT = 4, 6, 26


@dataclass(frozen=True)
class Look:
    """One probe's look, as a bar of its history: as high as it took long, within the slowest of them."""

    result: ProbeResult
    x: int
    y: float
    height: float


@dataclass(frozen=True)
class History:
    probe: Probe
    looks: Sequence[Look]
    answered_percent: float | None
    typical_ms: float | None

    @property
    def last(self) -> ProbeResult | None:
        return self.looks[-1].result if self.looks else None

    @property
    def width(self) -> int:
        return LOOKS * BAR_PITCH

    @property
    def address(self) -> str:
        return str(self.probe.check_spec.get("url") or self.probe.check_spec.get("path") or "/")


@dataclass(frozen=True)
class ReleaseView:
    release: Release
    histories: Sequence[History]
    incidents: Sequence[Incident]

    @property
    def is_live(self) -> bool:
        return self.release.environment.live_id == self.release.pk

    @property
    def address(self) -> str:
        """Where people reach it, as long as it is the one that they reach there."""
        return web_address(self.release.environment.url) if self.is_live else ""

    @property
    def restarts(self) -> int:
        return sum(step.get("action") == "restart" for one in self.incidents for step in one.actions)


def web_address(url: str) -> str:
    """The address if a link may lead there: a worker wrote it, and a link can do more than lead to a page."""
    return url if url.startswith(("http://", "https://")) else ""


def visible_environments(user: User) -> QuerySet[Environment]:
    return Environment.objects.filter(project__organisation__in=visible_organisations(user))


def visible_releases(user: User) -> QuerySet[Release]:
    found = Release.objects.filter(_in_visible_environments(user, "environment"))
    return found.select_related("environment__project", "run", "job")


def visible_incidents(user: User) -> QuerySet[Incident]:
    found = Incident.objects.filter(_in_visible_environments(user, "release__environment"))
    return found.select_related("release__environment__project", "release__run", "repair_run")


def _in_visible_environments(user: User, environment: str) -> Q:
    """As in_visible_projects(), of which an environment is one step away."""
    if user.is_superuser:
        return Q()
    numbers = list(visible_environments(user).order_by().values_list("pk", flat=True)[: NAMED + 1])
    if len(numbers) <= NAMED:
        return Q(**{f"{environment}__in": numbers})
    return Q(Exists(visible_environments(user).filter(pk=OuterRef(environment))))


def releases_of(run: Run) -> list[ReleaseView]:
    """The run's releases, newest first, with history and incidents: five queries for all."""
    return views(run.releases.select_related("environment__project", "run", "job").order_by("-pk")[:5])


@dataclass(frozen=True)
class EnvironmentPage:
    """Environments with the release that is live there, where one is."""

    environments: Sequence[tuple[Environment, ReleaseView | None]]
    more: int | None  # the number to pass as `after`


@dataclass(frozen=True)
class ReleasePage:
    releases: Sequence[Release]
    older: int | None


def live_environments(user: User, after: int | None = None) -> EnvironmentPage:
    found = visible_environments(user).select_related("project")
    if after is not None:
        found = found.filter(pk__gt=after)
    rows = list(found.order_by("pk")[: PAGE + 1])
    live = {view.release.pk: view for view in views(_releases(row.live_id for row in rows[:PAGE] if row.live_id))}
    shown = [(row, live.get(row.live_id or 0)) for row in rows[:PAGE]]
    return EnvironmentPage(shown, rows[PAGE - 1].pk if len(rows) > PAGE else None)


def _releases(numbers: Iterable[int]) -> QuerySet[Release]:
    return Release.objects.filter(pk__in=list(numbers)).select_related("environment__project", "run", "job")


def recent_releases(user: User, before: int | None = None) -> ReleasePage:
    found = visible_releases(user).order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    return ReleasePage(rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None)


def views(releases: Iterable[Release]) -> list[ReleaseView]:
    rows = list(releases)
    if not rows:
        return []
    histories = _histories(rows)
    incidents: dict[int, list[Incident]] = {}
    for incident in Incident.objects.filter(release__in=rows).order_by("-pk"):
        incidents.setdefault(incident.release_id, []).append(incident)
    return [ReleaseView(row, histories.get(row.pk, []), incidents.get(row.pk, [])) for row in rows]


def _histories(releases: Sequence[Release]) -> dict[int, list[History]]:
    """Two queries, however many releases and probes."""
    probes = list(Probe.objects.filter(release__in=releases).order_by("pk"))
    rank = Window(RowNumber(), partition_by=F("probe"), order_by=F("pk").desc())
    newest = ProbeResult.objects.filter(probe__in=probes).annotate(rank=rank).filter(rank__lte=LOOKS).order_by("pk")
    results: dict[int, list[ProbeResult]] = {}
    for result in newest:
        results.setdefault(result.probe_id, []).append(result)
    found: dict[int, list[History]] = {}
    for probe in probes:
        found.setdefault(probe.release_id, []).append(_history(probe, results.get(probe.pk, [])))
    return found


def _history(probe: Probe, results: Sequence[ProbeResult]) -> History:
    good = sorted(result.took_ms for result in results if result.ok)
    slowest = max(good, default=1) or 1
    shift = LOOKS - len(results)
    return History(
        probe=probe,
        looks=[_look(result, (shift + index) * BAR_PITCH, slowest) for index, result in enumerate(results)],
        answered_percent=round(100 * len(good) / len(results), 1) if results else None,
        typical_ms=good[len(good) // 2] if good else None,
    )


def _look(result: ProbeResult, x: int, slowest_ms: float) -> Look:
    """A look that failed is a bar of full height: it must be seen."""
    height = BAR_HEIGHT if not result.ok else max(5.0, round(BAR_HEIGHT * min(result.took_ms / slowest_ms, 1), 1))
    return Look(result, x, BAR_HEIGHT - height, height)


def open_incidents(user: User) -> int:
    """For the badge in the navigation. Few are unsettled in the whole installation: the search begins with them."""
    found = Incident.objects.filter(status__in=(IncidentStatus.OPEN, IncidentStatus.REPAIRING))
    if not user.is_superuser:
        found = found.filter(release__environment__project__organisation__in=visible_organisations(user))
    return found.count()
