"""Reads a built page as a browser would, and notes what tests ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass
class Page(HTMLParser):
    """`faults` holds tags that are closed in the wrong order, twice, or never."""

    name: str
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    title: str = ""
    text: str = ""
    faults: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if len(values) != len(attributes):
            self.faults.append(f"<{tag}> has an attribute twice")
        self.tags.append((tag, values))
        self.links += [values[name] for name in ("href", "src") if name in values]
        self.ids += [values["id"]] if "id" in values else []
        if tag in HEADINGS:
            self.headings.append((int(tag[1]), ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> where <{self.open[-1] if self.open else 'nothing'}> is open")
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.text += data
        if "title" in self.open and "svg" not in self.open:
            self.title += data
        if self.headings and any(tag in HEADINGS for tag in self.open):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of each such tag."""
        return [values for name, values in self.tags if name == tag]

    def meta(self, name: str) -> str:
        return next((one.get("content", "") for one in self.all("meta") if one.get("name") == name), "")


def read(path: Path, name: str) -> Page:
    return parse(path.read_text(encoding="utf-8"), name)


def parse(text: str, name: str = "") -> Page:
    page = Page(name)
    page.feed(text)
    page.close()
    page.faults += [f"<{tag}> is never closed" for tag in page.open]
    return page
