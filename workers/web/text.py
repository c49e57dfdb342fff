"""What a page says, as text: HTML becomes Markdown, JSON and plain text stay as they are."""

from __future__ import annotations

import re
from email.message import Message

from workers.web.fetch import FetchFailed, Page

DROPPED = ["script", "style", "noscript", "template", "svg", "iframe", "object", "head"]
TEXTUAL = ("text/", "application/json", "application/xml", "application/yaml", "application/javascript")


def text_of(page: Page) -> str:
    """Raises FetchFailed for what is no text."""
    kind, charset = _kind(page.content_type)
    if kind in ("text/html", "application/xhtml+xml"):
        return _markdown(page.body.decode(charset, errors="replace"))
    if kind.startswith(TEXTUAL) or kind.endswith(("+json", "+xml")) or (not kind and b"\0" not in page.body):
        return page.body.decode(charset, errors="replace")
    raise FetchFailed(f"{page.url} is {kind or 'binary'} ({len(page.body):,} bytes), no text.")


def _kind(content_type: str) -> tuple[str, str]:
    """(type, charset); UTF-8 where none is named, or one that nobody knows."""
    header = Message()
    header["content-type"] = content_type or "application/octet-stream"
    charset = str(header.get_content_charset("utf-8"))
    try:
        "".encode(charset)
    except LookupError:
        charset = "utf-8"
    return (header.get_content_type() if content_type else ""), charset


def _markdown(html: str) -> str:
    """Imported where it is needed: beautifulsoup is 40 ms that no worker should pay at its start."""
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

    soup = BeautifulSoup(html, "html.parser")
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    for tag in soup.find_all(DROPPED):
        tag.decompose()
    body = MarkdownConverter(heading_style="atx", strip=["img"]).convert_soup(soup)
    text = re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", body)).strip()
    return f"# {title}\n\n{text}" if title and title not in text[:200] else text
