"""The built site, as it is published: every page of public/ is read and looked at."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import page as pages
from blog.site import Site
from page import Page

HOME = Path(__file__).resolve().parent.parent
PUBLIC = HOME / "public"
ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def setUpModule() -> None:
    """Built by the very command that is used for publishing."""
    made = subprocess.run([sys.executable, "-B", "build.py"], cwd=HOME, capture_output=True, text=True, check=False)
    if made.returncode:
        raise AssertionError(f"build.py failed:\n{made.stdout}{made.stderr}")


class SiteCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.site = Site(HOME / "src")
        names = sorted(path.relative_to(PUBLIC).as_posix() for path in PUBLIC.rglob("*.html"))
        cls.pages = {name: pages.read(PUBLIC / name, name) for name in names}

    def each(self, look: Callable[[Page], None]) -> None:
        """One subtest per page, so that a report names all pages that are wrong."""
        for name, page in self.pages.items():
            with self.subTest(page=name):
                look(page)


class TestEveryPage(SiteCase):
    def test_there_is_something_to_look_at(self) -> None:
        self.assertIn("index.html", self.pages)
        self.assertTrue(self.site.posts, "there is no post")

    def test_tags_are_closed_in_order(self) -> None:
        def look(page: Page) -> None:
            self.assertEqual(page.faults, [])

        self.each(look)

    def test_it_has_a_title_of_its_own(self) -> None:
        titles = Counter(page.title for page in self.pages.values())

        def look(page: Page) -> None:
            self.assertTrue(page.title.strip(), "no title")
            self.assertEqual(titles[page.title], 1, f"{page.title!r} is the title of another page too")

        self.each(look)

    def test_it_has_one_main_heading_and_skips_no_level(self) -> None:
        def look(page: Page) -> None:
            levels = [level for level, _ in page.headings]
            self.assertEqual(levels.count(1), 1, f"headings: {page.headings}")
            self.assertTrue(all(text.strip() for _, text in page.headings), "an empty heading")
            steps = zip(levels, levels[1:], strict=False)
            self.assertTrue(all(after <= before + 1 for before, after in steps), f"a level is skipped: {levels}")

        self.each(look)

    def test_it_can_be_read_on_a_phone_and_by_machines(self) -> None:
        def look(page: Page) -> None:
            self.assertEqual(page.all("html")[0].get("lang"), self.site.settings.language)
            self.assertIn("width=device-width", page.meta("viewport"))
            self.assertTrue(page.meta("description").strip(), "no description")
            self.assertTrue(page.all("main"), "no <main>")

        self.each(look)

    def test_it_needs_no_javascript(self) -> None:
        def look(page: Page) -> None:
            self.assertEqual(page.all("script"), [])
            handlers = [name for _, values in page.tags for name in values if name.startswith("on")]
            self.assertEqual(handlers, [])
            self.assertFalse([link for link in page.links if link.lower().startswith("javascript:")])

        self.each(look)

    def test_pictures_have_words(self) -> None:
        def look(page: Page) -> None:
            for image in page.all("img"):
                self.assertTrue(image.get("alt", "").strip(), f"{image.get('src')} has no description")

        self.each(look)

    def test_ids_are_used_once(self) -> None:
        def look(page: Page) -> None:
            twice = [name for name, count in Counter(page.ids).items() if count > 1]
            self.assertEqual(twice, [])

        self.each(look)


class TestLinks(SiteCase):
    def target(self, link: str) -> tuple[str, str] | None:
        """The file of the site and the place in it that a link leads to; None for other sites."""
        parts = urlsplit(link)
        own = urlsplit(self.site.settings.base_url)
        if (parts.scheme or parts.netloc) and (parts.scheme, parts.netloc) != (own.scheme, own.netloc):
            return None
        self.assertTrue(parts.path.startswith(self.site.root) or parts.netloc, f"{link} is outside the site")
        path = unquote(parts.path.removeprefix(self.site.root.rstrip("/"))).lstrip("/")
        return (f"{path}index.html" if not path or path.endswith("/") else path), unquote(parts.fragment)

    def test_every_link_leads_somewhere(self) -> None:
        def look(page: Page) -> None:
            for link in page.links:
                if link.startswith("#"):
                    self.assertIn(unquote(link[1:]), page.ids, f"{link} leads nowhere")
                elif target := self.target(link):
                    name, place = target
                    self.assertTrue((PUBLIC / name).is_file(), f"{link} leads nowhere")
                    if place:
                        self.assertIn(place, self.pages[name].ids, f"{link}: no such place on that page")

        self.each(look)

    def test_every_post_and_page_is_reached_from_the_front_page(self) -> None:
        seen, waiting = set(), ["index.html"]
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self.pages:
                continue
            seen.add(name)
            found = (self.target(link) for link in self.pages[name].links if not link.startswith("#"))
            waiting += [target[0] for target in found if target]
        self.assertEqual(set(self.pages) - seen - {"404.html"}, set(), "these pages are linked from nowhere")

    def test_the_front_page_lists_every_post(self) -> None:
        links = self.pages["index.html"].links
        for post in self.site.posts:
            self.assertIn(self.site.root + post.url, links)


class TestPosts(SiteCase):
    def test_each_shows_its_title_its_day_and_its_text(self) -> None:
        for post in self.site.posts:
            with self.subTest(post=post.slug):
                page = self.pages[f"{post.url}index.html"]
                self.assertIn((1, post.title), page.headings)
                self.assertIn(post.date.isoformat(), [time.get("datetime") for time in page.all("time")])
                self.assertGreater(len(page.text.split()), len(post.text.split()) // 2)

    def test_each_subject_lists_its_posts(self) -> None:
        for post in self.site.posts:
            page = self.pages[f"{post.url}index.html"]
            for link in page.links:
                if link.startswith(f"{self.site.root}tags/") and link != f"{self.site.root}tags/":
                    listed = self.pages[f"{link.removeprefix(self.site.root)}index.html"].links
                    self.assertIn(self.site.root + post.url, listed)


class TestFeed(SiteCase):
    def test_it_holds_every_post_with_its_text(self) -> None:
        feed = ET.parse(PUBLIC / "feed.xml").getroot()
        self.assertEqual(feed.tag, f"{ATOM}feed")
        self.assertEqual(feed.findtext(f"{ATOM}title"), self.site.settings.title)
        entries = {entry.findtext(f"{ATOM}id"): entry for entry in feed.iter(f"{ATOM}entry")}
        for post in self.site.posts[:20]:
            entry = entries[f"{self.site.settings.base_url}/{post.url}"]
            self.assertEqual(entry.findtext(f"{ATOM}title"), post.title)
            content = pages.parse(entry.findtext(f"{ATOM}content") or "")
            self.assertEqual(content.faults, [])
            self.assertTrue(content.text.strip())
            relative = [link for link in content.links if not urlsplit(link).scheme and not link.startswith("#")]
            self.assertEqual(relative, [], "a reader elsewhere cannot follow these")

    def test_its_times_are_whole_and_none_is_missing(self) -> None:
        feed = ET.parse(PUBLIC / "feed.xml").getroot()
        times = [element.text or "" for element in feed.iter() if element.tag in (f"{ATOM}updated", f"{ATOM}published")]
        self.assertEqual(len(times), 1 + 2 * min(len(self.site.posts), 20))
        for time in times:
            self.assertRegex(time, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    def test_every_page_names_it(self) -> None:
        def look(page: Page) -> None:
            feeds = [link for link in page.all("link") if link.get("type") == "application/atom+xml"]
            self.assertEqual([link.get("href") for link in feeds], [f"{self.site.root}feed.xml"])

        self.each(look)

    def test_the_sitemap_names_every_page(self) -> None:
        sitemap = ET.parse(PUBLIC / "sitemap.xml").getroot()
        named = {element.text for element in sitemap.iter(f"{SITEMAP}loc")}
        base = f"{self.site.settings.base_url}/"
        expected = {base + name.removesuffix("index.html") for name in self.pages if name != "404.html"}
        self.assertEqual(named, expected)


class TestBuild(SiteCase):
    def test_the_same_source_makes_the_same_site(self) -> None:
        self.assertEqual(Site(HOME / "src").files(), self.site.files())

    def test_what_was_built_is_what_the_source_says(self) -> None:
        built = {path.relative_to(PUBLIC).as_posix() for path in PUBLIC.rglob("*") if path.is_file()}
        self.assertEqual(built, set(self.site.files()))

    def test_nothing_is_left_lying_about(self) -> None:
        self.assertEqual([name for name in os.listdir(HOME) if name.startswith("public.")], [])
