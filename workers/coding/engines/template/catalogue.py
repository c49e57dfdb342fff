"""The catalogue: every template that a spec may name, by name.

Where two sources hold the same name, the nearer to the user wins: his own folder, then the sources of the settings in
their order, then what Hive brings along.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from workers.coding.engines.template.errors import SourceUnreachable, UnknownTemplate
from workers.coding.engines.template.git_source import GitSource
from workers.coding.engines.template.sources import NAME, FolderSource, Source, is_git_address
from workers.coding.engines.template.template import Template

log = logging.getLogger(__name__)

BUILT_IN = Path(__file__).resolve().parents[2] / "catalogue"


class Catalogue:
    """Sources in the order in which they are asked. Holds nothing: a template that was added is found at once."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)

    def list(self) -> list[Template]:
        """Every template that a spec can name, by name. A source that does not answer is left out, and logged."""
        found: dict[str, Template] = {}
        for source in self.sources:
            for name, path in _ask(source, []).items():
                found.setdefault(name, Template(name, path, source.label))
        return sorted(found.values(), key=lambda template: template.name)

    def find(self, name: str) -> Template:
        """The template of this name. Raises UnknownTemplate, or SourceUnreachable where it may be in one of those."""
        silent: list[SourceUnreachable] = []
        known: list[str] = []
        for source in self.sources:
            templates = _ask(source, silent)
            if name in templates:
                return Template(name, templates[name], source.label)
            known += templates
        if silent and NAME.fullmatch(name):
            raise SourceUnreachable(f"The template `{name}` was not found, but not every source answers. {silent[0]}")
        raise UnknownTemplate(self._unknown(name, known))

    def _unknown(self, name: str, known: Sequence[str]) -> str:
        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(sorted(set(known))) or 'none'}."
        places = ", ".join(source.label for source in self.sources)
        return f"There is no template `{name[:80]}`. {hint} Looked in: {places}."


def _ask(source: Source, silent: list[SourceUnreachable]) -> dict[str, Path]:
    try:
        return source.templates()
    except SourceUnreachable as error:
        log.warning("%s", error)
        silent.append(error)
        return {}


def standard_catalogue(user_folder: Path, more: Sequence[str], cache: Path) -> Catalogue:
    """The user's folder, then `more` (folders or git addresses, cached in `cache`), then the built-in templates."""
    between: list[Source] = [
        GitSource(text, cache) if is_git_address(text) else FolderSource(Path(text).expanduser()) for text in more
    ]
    return Catalogue([FolderSource(user_folder, "your templates"), *between, FolderSource(BUILT_IN, "built-in")])
