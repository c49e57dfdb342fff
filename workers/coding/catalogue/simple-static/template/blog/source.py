"""Posts and pages as they are written: a head of `key: value` lines between two `---`, then Markdown."""

from __future__ import annotations

import datetime
import json
import re
from dataclasses import dataclass
from pathlib import Path

from blog.errors import SourceError
from blog.inline import plain_text

POST_KEYS = {"title", "date", "summary", "tags", "draft"}
PAGE_KEYS = {"title", "summary"}
DATED_NAME = re.compile(r"(?:\d{4}-\d{2}-\d{2}-)?([a-z0-9][a-z0-9-]*)")
WORDS_PER_MINUTE = 220


@dataclass(frozen=True)
class Settings:
    """What src/site.json says. `base_url` has no slash at its end."""

    title: str
    description: str
    author: str
    base_url: str
    language: str


@dataclass(frozen=True)
class Document:
    """A post or a page. `date` is None for pages."""

    path: Path
    slug: str
    title: str
    summary: str
    text: str
    date: datetime.date | None = None
    tags: tuple[str, ...] = ()
    draft: bool = False

    @property
    def url(self) -> str:
        """Its address below the site's root."""
        return f"posts/{self.slug}/" if self.date else f"{self.slug}/"

    @property
    def minutes(self) -> int:
        return max(1, round(len(self.text.split()) / WORDS_PER_MINUTE))


def read_settings(path: Path) -> Settings:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        settings = Settings(**values)
    except (OSError, ValueError, TypeError) as error:
        raise SourceError(f"{path}: {error}") from None
    for name, value in values.items():
        if not isinstance(value, str) or not value.strip():
            raise SourceError(f"{path}: `{name}` must be text.")
    if not re.match(r"https?://[^/\s]+", settings.base_url):
        raise SourceError(f"{path}: `base_url` must start with http:// or https://.")
    return Settings(**{**values, "base_url": settings.base_url.rstrip("/")})


def read_posts(folder: Path, *, drafts: bool) -> list[Document]:
    """Newest first; of the same day, by name."""
    posts = [read_document(path, POST_KEYS) for path in sorted(folder.glob("*.md"))]
    posts = [post for post in posts if drafts or not post.draft]
    _require_once(posts)
    return sorted(posts, key=lambda post: (post.date, post.slug), reverse=True)


def read_pages(folder: Path) -> list[Document]:
    pages = [read_document(path, PAGE_KEYS) for path in sorted(folder.glob("*.md"))]
    for page in pages:
        if page.slug in ("posts", "tags", "assets"):
            raise SourceError(f"{page.path}: the name {page.slug} is taken; rename the file.")
    return pages


def read_document(path: Path, known: set[str]) -> Document:
    head, text = _split(path)
    for key in head:
        if key not in known:
            raise SourceError(f"{path}: `{key}` is not known; known are {', '.join(sorted(known))}.")
    name = DATED_NAME.fullmatch(path.stem)
    if not name:
        raise SourceError(f"{path}: name it with lower-case letters, digits and hyphens.")
    if not head.get("title"):
        raise SourceError(f"{path}: a `title:` is missing.")
    return Document(
        path=path,
        slug=name[1],
        title=head["title"],
        summary=head.get("summary") or _first_sentences(text),
        text=text,
        date=_date(path, head.get("date")) if "date" in known else None,
        tags=tuple(tag.strip() for tag in head.get("tags", "").split(",") if tag.strip()),
        draft=head.get("draft", "no").lower() in ("yes", "true"),
    )


def _split(path: Path) -> tuple[dict[str, str], str]:
    text = path.read_text(encoding="utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    match = re.match(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL)
    if not match:
        raise SourceError(f"{path}: it must start with a head between two lines of `---`.")
    head: dict[str, str] = {}
    for number, line in enumerate(match[1].split("\n"), start=2):
        key, colon, value = line.partition(":")
        if not line.strip() or line.startswith("#"):
            continue
        if not colon:
            raise SourceError(f"{path}:{number}: this is not `key: value`.")
        if key.strip() in head:
            raise SourceError(f"{path}:{number}: `{key.strip()}` stands twice.")
        head[key.strip()] = value.strip()
    return head, match[2]


def _date(path: Path, value: str | None) -> datetime.date:
    try:
        return datetime.date.fromisoformat(value or "")
    except ValueError:
        raise SourceError(f"{path}: `date:` must be a day such as 2026-01-31.") from None


def _first_sentences(text: str) -> str:
    """A summary where the writer gave none: the first paragraph, cut at a word."""
    paragraph = next((part for part in text.split("\n\n") if part.strip() and part.lstrip()[0] not in "#>`|-!"), "")
    words = plain_text(" ".join(paragraph.split()))
    return words if len(words) <= 200 else words[:200].rsplit(" ", 1)[0] + " …"


def _require_once(posts: list[Document]) -> None:
    seen: dict[str, Path] = {}
    for post in posts:
        if other := seen.get(post.slug):
            raise SourceError(f"{post.path}: {other.name} has the same address; rename one of them.")
        seen[post.slug] = post.path
