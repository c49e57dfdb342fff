"""Reads a page as a careful reader would: what is in it, and what must not be."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "img", "hr", "br"}
LABELLED = {"input", "select", "textarea"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""
    inside: tuple[str, ...] = ()


@dataclass
class Page(HTMLParser):
    elements: list[Element] = field(default_factory=list)

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements = []
        self._open: list[Element] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        inside = tuple(one.tag for one in self._open)
        element = Element(tag, {name: value or "" for name, value in attrs}, inside=inside)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        inside = tuple(one.tag for one in self._open)
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, inside=inside))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, *tags: str) -> list[Element]:
        return [one for one in self.elements if one.tag in tags]


def what_the_policy_forbids(page: Page) -> list[str]:
    """Scripts and styles that stand in the page itself, and files of other servers."""
    found = []
    for one in page.elements:
        found += [f"<{one.tag} {name}>" for name in one.attributes if name.startswith("on") or name == "style"]
        if one.tag == "style" or (one.tag == "script" and not one.attributes.get("src")):
            found.append(f"inline <{one.tag}>")
        address = one.attributes.get("src") or (one.attributes.get("href", "") if one.tag == "link" else "")
        if address.startswith(("http:", "https:", "//")):
            found.append(address)
    return found


def what_a_reader_would_miss(page: Page) -> list[str]:
    """Names, labels, landmarks and headings that assistive technology needs."""
    found = [f"id {one} twice" for one in _twice([e.attributes["id"] for e in page.elements if "id" in e.attributes])]
    labels = {one.attributes.get("for") for one in page.all("label")}
    for one in page.all(*LABELLED):
        if one.attributes.get("type") in ("hidden", "submit") or one.attributes.get("aria-hidden") == "true":
            continue
        if one.attributes.get("id") not in labels and "label" not in one.inside and "aria-label" not in one.attributes:
            found.append(f"<{one.tag} name={one.attributes.get('name')}> has no label")
    for one in page.all("a", "button", "summary"):
        if not (one.text.strip() or one.attributes.get("aria-label")):
            found.append(f"<{one.tag} {one.attributes}> has no name")
    found += [f"<img {one.attributes.get('src')}> has no alt" for one in page.all("img") if "alt" not in one.attributes]
    return found + _structure(page) + _references(page)


def _structure(page: Page) -> list[str]:
    once = [one.tag for one in page.all("main", "h1", "title") if "svg" not in one.inside]
    found = [f"{once.count(tag)} <{tag}>" for tag in ("main", "h1", "title") if once.count(tag) != 1]
    levels = [int(one.tag[1]) for one in page.all("h1", "h2", "h3", "h4")]
    found += [f"h{one} after h{before}" for before, one in itertools.pairwise(levels) if one > before + 1]
    navs = [one.attributes.get("aria-label", "") for one in page.all("nav")]
    found += [f"navigation {name!r} twice or without a name" for name in _twice(navs) | ({""} & set(navs))]
    if page.all("html")[0].attributes.get("lang") != "en":
        found.append("no language")
    return found


def _references(page: Page) -> list[str]:
    ids = {one.attributes.get("id") for one in page.elements}
    names = ("aria-labelledby", "aria-describedby", "aria-controls")
    wanted = [(name, one.attributes[name]) for one in page.elements for name in names if name in one.attributes]
    return [f"{name}={value} leads nowhere" for name, value in wanted for part in value.split() if part not in ids]


def _twice(values: list[str]) -> set[str]:
    return {value for value in values if values.count(value) > 1}
