"""Which engine writes a task, by its name in the spec or the run."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from apps.runs.services.active import ActiveJob
from workers.coding.engines.port import Engine, EngineFailed
from workers.coding.engines.template import TemplateEngine, standard_catalogue
from workers.repo.worktree import Worktree


def engine_for(name: str, job: ActiveJob, tree: Worktree) -> Engine:
    """Raises EngineFailed for an engine that this installation does not have."""
    try:
        make = ENGINES[name]
    except KeyError:
        raise EngineFailed(f"There is no engine {name!r} here. Known: {', '.join(ENGINES)}.") from None
    return make(job, tree)


def template_engine() -> TemplateEngine:
    home = settings.HOME
    return TemplateEngine(
        standard_catalogue(home.catalogue, settings.TEMPLATE_SOURCES, home.root / "cache" / "templates")
    )


ENGINES: dict[str, Callable[[ActiveJob, Worktree], Engine]] = {"template": lambda _job, _tree: template_engine()}
