"""The Atom feed and the sitemap. Built as trees, so that nothing in a title can break them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable

from blog.source import Document, Settings

ATOM = "http://www.w3.org/2005/Atom"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
NEWEST = 20


def atom(settings: Settings, posts: list[tuple[Document, str]]) -> bytes:
    """The newest posts, each with its whole text as HTML. All dates are the posts' own: one source, one feed."""
    ET.register_namespace("", ATOM)
    feed = ET.Element(f"{{{ATOM}}}feed", {"xml:lang": settings.language})
    _add(feed, "title", settings.title)
    _add(feed, "subtitle", settings.description)
    _add(feed, "id", f"{settings.base_url}/")
    _add(feed, "link", href=f"{settings.base_url}/")
    _add(feed, "link", rel="self", type="application/atom+xml", href=f"{settings.base_url}/feed.xml")
    _add(feed, "updated", _moment(posts[0][0]) if posts else "1970-01-01T00:00:00Z")
    _add(_add(feed, "author"), "name", settings.author)
    for post, content in posts[:NEWEST]:
        entry = _add(feed, "entry")
        address = f"{settings.base_url}/{post.url}"
        _add(entry, "title", post.title)
        _add(entry, "id", address)
        _add(entry, "link", href=address)
        _add(entry, "published", _moment(post))
        _add(entry, "updated", _moment(post))
        _add(entry, "summary", post.summary)
        for tag in post.tags:
            _add(entry, "category", term=tag)
        _add(entry, "content", content, type="html")
    return _bytes(feed)


def sitemap(settings: Settings, urls: Iterable[tuple[str, str]]) -> bytes:
    """`urls`: addresses below the root, each with the day of its last change, or nothing."""
    ET.register_namespace("", SITEMAP)
    root = ET.Element(f"{{{SITEMAP}}}urlset")
    for url, day in urls:
        entry = ET.SubElement(root, f"{{{SITEMAP}}}url")
        ET.SubElement(entry, f"{{{SITEMAP}}}loc").text = f"{settings.base_url}/{url}"
        if day:
            ET.SubElement(entry, f"{{{SITEMAP}}}lastmod").text = day
    return _bytes(root)


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    if text:
        element.text = text
    return element


def _moment(post: Document) -> str:
    return f"{post.date.isoformat()}T00:00:00Z" if post.date else ""


def _bytes(root: ET.Element) -> bytes:
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
