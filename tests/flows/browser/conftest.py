"""A browser (Debian's Chromium) in front of a real web server."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.browser.running import Site

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
Browser, BrowserContext, Page = playwright.Browser, playwright.BrowserContext, playwright.Page

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WAIT_MS = 20_000  # a test machine may be slow; nothing waits so long when it is well

SignIn = Callable[..., Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs all of them: they share a browser and a site."""
    for item in items:
        if "flows/browser" in str(item.path):
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Playwright keeps an event loop running in this thread; tests of other modules could not use the database then."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Site]:
    started = Site(tmp_path_factory.mktemp("site"), Path(__file__).resolve().parents[3])
    yield started
    started.close()


@pytest.fixture
def sign_in(browser: Any, site: Site) -> Iterator[SignIn]:
    """A page in a browser of its own, with this person signed in by a link. Its console must stay free of errors."""
    contexts, wrong = [], []

    def open_as(name: str = "owner", at: Site = site, path: str = "/", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if _is_ours(said) else None)
        page.goto(at.url + at.do("link", name=name))
        page.get_by_role("button", name="Come in").click()
        page.wait_for_url(f"{at.url}/")
        if path != "/":
            page.goto(at.url + path)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert wrong == []


def _is_ours(said: Any) -> bool:
    """Errors of scripts, and whatever the content policy refused; not the notes that a request failed."""
    return said.type == "error" and not said.text.startswith(("Failed to load resource", "htmx:after", "htmx:send"))


@pytest.fixture
def expect() -> Any:
    playwright.expect.set_options(timeout=WAIT_MS)
    return playwright.expect
