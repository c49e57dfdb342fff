"""Which engine writes a task, by its name in the spec or the run."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from workers.coding.engines.port import Engine, EngineFailed
from workers.coding.engines.template import TemplateEngine, standard_catalogue


def engine_for(name: str) -> Engine:
    """Raises EngineFailed for an engine that this installation does not have."""
    try:
        return ENGINES[name]()
    except KeyError:
        raise EngineFailed(f"There is no engine {name!r} here. Known: {', '.join(ENGINES)}.") from None


def _template() -> Engine:
    home = settings.HOME
    return TemplateEngine(
        standard_catalogue(home.catalogue, settings.TEMPLATE_SOURCES, home.root / "cache" / "templates")
    )


ENGINES: dict[str, Callable[[], Engine]] = {"template": _template}
