"""Pages from src/layout/: `$name` is put in, escaped, except where its name ends in `_html`."""

from __future__ import annotations

import html
import string
from pathlib import Path

from blog.errors import SourceError


class Layout:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.templates: dict[str, string.Template] = {}

    def render(self, name: str, /, **values: str) -> str:
        """The layout file `name` with the values. A name in the file that has no value is an error, never a gap."""
        if name not in self.templates:
            self.templates[name] = string.Template((self.folder / name).read_text(encoding="utf-8"))
        safe = {key: value if key.endswith("_html") else html.escape(value) for key, value in values.items()}
        try:
            return self.templates[name].substitute(safe)
        except (KeyError, ValueError) as error:
            raise SourceError(f"{self.folder / name}: {error}; write `$$` for a dollar sign.") from None
