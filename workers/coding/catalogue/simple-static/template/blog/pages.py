"""Each kind of page, made from src/layout/."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from blog.layout import Layout
from blog.source import Document, Settings


class Pages:
    """`root` is the path at which the site starts, with a slash at its end; `menu` are the pages of the navigation."""

    def __init__(self, settings: Settings, layout: Layout, root: str, menu: Sequence[Document]) -> None:
        self.settings = settings
        self.layout = layout
        self.root = root
        self.entries = [("", "Posts"), ("tags/", "Subjects"), *((page.url, page.title) for page in menu)]

    def index(self, posts: Sequence[Document]) -> bytes:
        content = self.layout.render(
            "index.html",
            title=self.settings.title,
            description=self.settings.description,
            posts_html=self._teasers(posts) or "<p>Nothing has been written yet.</p>",
        )
        return self._whole("", self.settings.title, self.settings.description, content, current="")

    def post(self, post: Document, body: str, older: Document | None, newer: Document | None) -> bytes:
        content = self.layout.render(
            "post.html",
            title=post.title,
            summary=post.summary,
            author=self.settings.author,
            minutes=str(post.minutes),
            date_html=_time(post),
            tags_html=self._tag_links(post.tags),
            body_html=body,
            older_html=self._neighbour(older, "Older", "prev"),
            newer_html=self._neighbour(newer, "Newer", "next"),
        )
        return self._whole(post.url, self._title(post.title), post.summary, content, kind="article")

    def page(self, page: Document, body: str) -> bytes:
        content = self.layout.render("page.html", title=page.title, body_html=body)
        return self._whole(page.url, self._title(page.title), page.summary, content, current=page.url)

    def tag(self, tag: str, posts: Sequence[Document]) -> bytes:
        count = f"{len(posts)} post" + ("" if len(posts) == 1 else "s")
        content = self.layout.render("tag.html", tag=tag, count=count, root=self.root, posts_html=self._teasers(posts))
        title = self._title(f"Posts about {tag}")
        return self._whole(tag_url(tag), title, f"{count} about {tag}.", content, current="tags/")

    def tags(self, tags: Mapping[str, Sequence[Document]]) -> bytes:
        lines = "\n".join(
            self.layout.render("tag-line.html", tag=tag, url=self.root + tag_url(tag), count=str(len(posts)))
            for tag, posts in tags.items()
        )
        content = self.layout.render("tags.html", tags_html=lines)
        about = f"What {self.settings.title} is about."
        return self._whole("tags/", self._title("Subjects"), about, content, current="tags/")

    def not_found(self) -> bytes:
        content = self.layout.render("404.html", root=self.root)
        return self._whole("404.html", self._title("Page not found"), "There is nothing at this address.", content)

    def _title(self, title: str) -> str:
        return f"{title} · {self.settings.title}"

    def _teasers(self, posts: Iterable[Document]) -> str:
        return "\n".join(
            self.layout.render(
                "teaser.html",
                title=post.title,
                summary=post.summary,
                minutes=str(post.minutes),
                url=self.root + post.url,
                date_html=_time(post),
                tags_html=self._tag_links(post.tags),
            )
            for post in posts
        )

    def _tag_links(self, tags: Iterable[str]) -> str:
        return "".join(self.layout.render("tag-link.html", tag=tag, url=self.root + tag_url(tag)) for tag in tags)

    def _neighbour(self, post: Document | None, label: str, rel: str) -> str:
        if post is None:
            return ""
        return self.layout.render("neighbour.html", label=label, rel=rel, title=post.title, url=self.root + post.url)

    def _whole(
        self, url: str, title: str, description: str, content: str, *, current: str | None = None, kind: str = "website"
    ) -> bytes:
        """The content within the frame that all pages share. `current`: which entry of the navigation this is."""
        navigation = "\n".join(
            self.layout.render(
                "navigation-current.html" if target == current else "navigation.html", url=self.root + target, name=name
            )
            for target, name in self.entries
        )
        made = self.layout.render(
            "base.html",
            language=self.settings.language,
            title=title,
            description=description,
            site=self.settings.title,
            author=self.settings.author,
            address=f"{self.settings.base_url}/{url}",
            kind=kind,
            root=self.root,
            navigation_html=navigation,
            content_html=content,
        )
        return made.encode()


def tag_url(tag: str) -> str:
    """`Über bees` is at tags/uber-bees/; a tag without Latin letters gets a short number of its own."""
    latin = unicodedata.normalize("NFKD", tag).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", latin).strip("-")
    return f"tags/{name or hashlib.sha256(tag.encode()).hexdigest()[:8]}/"


def _time(post: Document) -> str:
    assert post.date
    return f'<time datetime="{post.date.isoformat()}">{post.date.day} {post.date:%B %Y}</time>'
