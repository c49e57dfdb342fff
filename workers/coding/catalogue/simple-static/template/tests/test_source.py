"""What a writer can get wrong: each is said, with the file's name, and nothing is published."""

from __future__ import annotations

import json
import shutil
import tempfile
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path

import page as pages
from blog.errors import SourceError
from blog.site import Site, build

SRC = Path(__file__).resolve().parent.parent / "src"
SETTINGS = {"title": "T", "description": "D", "author": "A", "base_url": "https://example.org", "language": "en"}


class SourceCase(unittest.TestCase):
    """A blog of its own, with the real layout and two posts."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.src = Path(folder.name) / "src"
        shutil.copytree(SRC / "layout", self.src / "layout")
        for name in ("posts", "pages", "assets"):
            (self.src / name).mkdir()
        (self.src / "assets" / "style.css").write_text("")
        self.settings()
        self.post("2026-01-02-second", title="Second", date="2026-01-02")
        self.post("2026-01-01-first", title="First", date="2026-01-01")

    def settings(self, **changes: str) -> None:
        (self.src / "site.json").write_text(json.dumps(SETTINGS | changes))

    def post(self, name: str, text: str = "Some text.", **head: str) -> None:
        lines = "\n".join(f"{key}: {value}" for key, value in head.items())
        (self.src / "posts" / f"{name}.md").write_text(f"---\n{lines}\n---\n{text}\n")

    def files(self) -> dict[str, bytes]:
        return Site(self.src).files()

    def assertRefused(self, *parts: str) -> None:
        with self.assertRaises(SourceError) as caught:
            self.files()
        for part in parts:
            self.assertIn(part, str(caught.exception))


class TestMistakes(SourceCase):
    def test_a_post_without_a_head(self) -> None:
        (self.src / "posts" / "bare.md").write_text("Just text.")
        self.assertRefused("bare.md", "head")

    def test_a_post_without_a_title(self) -> None:
        self.post("x", date="2026-01-01")
        self.assertRefused("x.md", "title")

    def test_a_day_that_is_none(self) -> None:
        self.post("x", title="X", date="2026-02-30")
        self.assertRefused("x.md", "date")

    def test_a_key_that_nobody_knows(self) -> None:
        self.post("x", title="X", date="2026-01-01", sumary="oops")
        self.assertRefused("x.md", "sumary")

    def test_two_posts_with_one_address(self) -> None:
        self.post("2025-01-01-first", title="Other", date="2025-01-01")
        self.assertRefused("first.md", "address")

    def test_a_link_to_a_post_that_is_not_there(self) -> None:
        self.post("x", "See [this](gone.md).", title="X", date="2026-01-01")
        self.assertRefused("x.md", "gone.md")

    def test_a_picture_that_is_not_there(self) -> None:
        self.post("x", "![A cat](assets/cat.png)", title="X", date="2026-01-01")
        self.assertRefused("x.md", "cat.png")

    def test_a_layout_that_asks_for_something_unknown(self) -> None:
        (self.src / "layout" / "page.html").write_text("$nonsense")
        (self.src / "pages" / "about.md").write_text("---\ntitle: About\n---\n")
        self.assertRefused("page.html", "nonsense")

    def test_a_mistake_leaves_the_last_site_in_place(self) -> None:
        public = self.src.parent / "public"
        build(self.src, public)
        self.post("x", title="X", date="never")
        with self.assertRaises(SourceError):
            build(self.src, public)
        self.assertTrue((public / "index.html").is_file())


class TestMeaning(SourceCase):
    def test_newest_first(self) -> None:
        links = pages.parse(self.files()["index.html"].decode()).links
        self.assertLess(links.index("/posts/second/"), links.index("/posts/first/"))

    def test_drafts_are_left_out(self) -> None:
        self.post("x", title="Secret", date="2026-03-01", draft="yes")
        self.assertFalse([name for name, content in self.files().items() if b"Secret" in content])

    def test_drafts_can_be_looked_at(self) -> None:
        self.post("x", title="Secret", date="2026-03-01", draft="yes")
        self.assertIn("posts/x/index.html", Site(self.src, drafts=True).files())

    def test_a_link_to_a_file_leads_to_its_page(self) -> None:
        self.post("x", "[First](2026-01-01-first.md#top)", title="X", date="2026-03-01")
        self.assertIn(b'href="/posts/first/#top"', self.files()["posts/x/index.html"])

    def test_a_site_below_a_path_stays_below_it(self) -> None:
        self.settings(base_url="https://example.org/notes/")
        for name, content in self.files().items():
            if name.endswith(".html"):
                links = [link for link in pages.parse(content.decode()).links if link.startswith("/")]
                self.assertTrue(all(link.startswith("/notes/") for link in links), f"{name}: {links}")

    def test_a_blog_without_posts_is_built_too(self) -> None:
        for path in (self.src / "posts").iterdir():
            path.unlink()
        self.assertIn(b"Nothing has been written yet", self.files()["index.html"])

    def test_what_looks_like_html_stays_text_everywhere(self) -> None:
        evil = '<script>alert("x")</script> & \'"'
        self.settings(title=evil, description=evil, author=evil)
        self.post("x", evil, title=evil, date="2026-03-01", summary=evil, tags="<script>")
        files = self.files()
        for name, content in files.items():
            if name.endswith(".html"):
                page = pages.parse(content.decode(), name)
                self.assertEqual((page.all("script"), page.faults), ([], []), name)
        self.assertIn(evil, [heading for _, heading in pages.parse(files["posts/x/index.html"].decode()).headings])
        feed = ET.fromstring(files["feed.xml"])
        self.assertEqual(feed.findtext("{http://www.w3.org/2005/Atom}title"), evil)
