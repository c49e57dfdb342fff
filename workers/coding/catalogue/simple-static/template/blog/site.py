"""The whole site: every page, the feed, the sitemap and the assets, put in place at once or not at all."""

from __future__ import annotations

import os
import posixpath
import re
import shutil
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

from blog import feed
from blog.errors import SourceError
from blog.layout import Layout
from blog.markdown import to_html
from blog.pages import Pages, tag_url
from blog.source import Document, Settings, read_pages, read_posts, read_settings


def build(source: Path, public: Path, *, drafts: bool = False) -> int:
    """Build `source` into `public`, which is replaced. Returns the number of pages. Raises SourceError."""
    files = Site(source, drafts=drafts).files()
    fresh, old = public.with_name(public.name + ".new"), public.with_name(public.name + ".old")
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if public.exists():
        public.rename(old)
    fresh.rename(public)
    shutil.rmtree(old, ignore_errors=True)
    return sum(name.endswith(".html") for name in files)


class Site:
    """Reads everything that the source holds, and knows where each of it goes."""

    def __init__(self, source: Path, *, drafts: bool = False) -> None:
        self.source = source
        self.settings = _with_environment(read_settings(source / "site.json"))
        self.posts = read_posts(source / "posts", drafts=drafts)
        self.pages = read_pages(source / "pages")
        self.root = urlsplit(self.settings.base_url).path.rstrip("/") + "/"
        self.assets = {
            f"assets/{path.relative_to(source / 'assets').as_posix()}": path.read_bytes()
            for path in sorted((source / "assets").rglob("*"))
            if path.is_file()
        }
        self.documents = {document.path.name: document for document in [*self.posts, *self.pages]}

    def files(self) -> dict[str, bytes]:
        """Every file of the site, by its name below the root."""
        make = Pages(self.settings, Layout(self.source / "layout"), self.root, self.pages)
        bodies = {document.url: self._body(document) for document in [*self.posts, *self.pages]}
        tags = self._tags()
        made = {**self.assets, "index.html": make.index(self.posts), "404.html": make.not_found()}
        for newer, post, older in zip([None, *self.posts], self.posts, [*self.posts[1:], None], strict=False):
            made[f"{post.url}index.html"] = make.post(post, bodies[post.url], older, newer)
        for page in self.pages:
            made[f"{page.url}index.html"] = make.page(page, bodies[page.url])
        made["tags/index.html"] = make.tags(tags)
        for tag, posts in tags.items():
            made[f"{tag_url(tag)}index.html"] = make.tag(tag, posts)
        made["feed.xml"] = feed.atom(self.settings, [(post, self._absolute(bodies[post.url])) for post in self.posts])
        made["sitemap.xml"] = feed.sitemap(self.settings, self._addresses(tags))
        made["robots.txt"] = f"User-agent: *\nSitemap: {self.settings.base_url}/sitemap.xml\n".encode()
        return made

    def link(self, document: Document, address: str) -> str:
        """Where an address in a text leads: another file of the source, an asset, or somewhere else."""
        path, hash_, fragment = address.partition("#")
        if not path or re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", path):
            return address
        if path.endswith(".md"):
            name = posixpath.basename(path)
            if name not in self.documents:
                raise SourceError(f"{document.path}: it links to {path}, which is not there (or a draft).")
            return f"{self.root}{self.documents[name].url}{hash_}{fragment}"
        if "assets/" in path:
            path = "assets/" + path.partition("assets/")[2]
            if path not in self.assets:
                raise SourceError(f"{document.path}: it names {path}, which is not in {self.source}.")
        return f"{self.root}{path.lstrip('/')}{hash_}{fragment}"

    def _body(self, document: Document) -> str:
        return to_html(document.text, lambda address: self.link(document, address))

    def _tags(self) -> dict[str, list[Document]]:
        tags: dict[str, list[Document]] = defaultdict(list)
        taken: dict[str, str] = {}
        for post in self.posts:
            for tag in post.tags:
                tags[tag].append(post)
                other = taken.setdefault(tag_url(tag), tag)
                if other != tag:
                    raise SourceError(f"{post.path}: the tags `{tag}` and `{other}` have one address; use one of them.")
        return dict(sorted(tags.items()))

    def _addresses(self, tags: dict[str, list[Document]]) -> list[tuple[str, str]]:
        posts = [(post.url, post.date.isoformat() if post.date else "") for post in self.posts]
        newest = posts[0][1] if posts else ""
        pages = [(page.url, "") for page in self.pages]
        return [("", newest), *posts, *pages, ("tags/", ""), *((tag_url(tag), "") for tag in tags)]

    def _absolute(self, body: str) -> str:
        """For readers of the feed, who are elsewhere: links and images with the whole address."""
        parts = urlsplit(self.settings.base_url)
        return re.sub(r'(href|src)="/(?!/)', rf'\1="{parts.scheme}://{parts.netloc}/', body)


def _with_environment(settings: Settings) -> Settings:
    address = os.environ.get("SITE_URL", "").strip().rstrip("/")
    return Settings(**{**vars(settings), "base_url": address}) if address else settings
