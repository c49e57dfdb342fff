"""Queues and workers in a browser: on a phone and a desk, light and dark, with the keyboard, live."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.browser.conftest import SignIn
from tests.flows.browser.running import Site
from tests.flows.browser.test_pages_look import CONTRAST, DESK, OVERFLOW, PHONE, tab_to

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def worker(site: Site) -> int:
    """A worker with a long name, that does a job."""
    made = site.do("tell", story="running")
    name = "build@a-machine-with-a-rather-long-name-in-the-garden.example"
    return site.do("enter_worker", name=name, queues=["coding", "testing"], job=made["jobs"][0])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_page_fits_and_can_be_read(
    sign_in: SignIn, site: Site, worker: int, expect: Any, size: dict[str, int], scheme: str
) -> None:
    page = sign_in("operator", path="/queues/", viewport=size, color_scheme=scheme)
    page.get_by_text("Pause … testing").click()
    page.get_by_label("Why").and_(page.locator("#reason-testing")).fill("Averylongreasonwithoutspaces" * 10)
    page.get_by_role("button", name="Pause testing").click()
    expect(page.locator("#queue-testing")).to_contain_text("by operator")
    page.get_by_text("Pause … coding").click()
    assert page.evaluate(OVERFLOW) <= 0
    assert page.evaluate(CONTRAST) == []
    page.get_by_role("button", name="Resume testing").click()
    expect(page.locator("#queue-testing .status")).to_have_text("Open")


def test_an_operator_finds_it_in_the_menu_and_drains_a_worker(
    sign_in: SignIn, site: Site, worker: int, expect: Any
) -> None:
    page = sign_in("operator")
    page.get_by_label("Account of operator").click()
    page.get_by_role("link", name="Queues and workers").click()
    row = page.locator(f"#worker-{worker}")
    expect(row.locator(".status")).to_have_text("Working")
    row.get_by_role("button", name="Drain").click()
    page.locator("#confirm button[value='no']").click()
    assert not site.do("operated", role="coding", worker=worker)["drained"]
    row.get_by_role("button", name="Drain").click()
    page.locator("#confirm button[value='yes']").click()
    expect(row.locator(".status")).to_have_text("Draining")
    row.get_by_role("button", name="Resume").click()
    expect(row.locator(".status")).to_have_text("Working")


def test_the_keyboard_alone_pauses_and_resumes(sign_in: SignIn, site: Site, worker: int, expect: Any) -> None:
    page = sign_in("operator", path="/queues/")
    tab_to(page, "coding")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("New disk")
    page.keyboard.press("Enter")
    expect(page.locator("#queue-coding")).to_contain_text("New disk")
    assert site.do("operated", role="coding", worker=worker) == {
        "paused": True, "reason": "New disk", "drained": False,
    }  # fmt: skip
    tab_to(page, "Resume")
    page.keyboard.press("Enter")
    expect(page.locator("#queue-coding .status")).to_have_text("Open")


def test_what_changes_is_shown_and_a_form_that_is_being_filled_in_stays(
    sign_in: SignIn, site: Site, worker: int, expect: Any
) -> None:
    page = sign_in("operator", path="/queues/")
    page.get_by_text("Pause … coding").click()
    page.locator("#reason-coding").fill("Half a sen")
    due = page.locator("#queue-manager [data-due]")
    before = int(due.inner_text())
    site.do("tell", story="queued")
    expect(due).to_have_text(str(before + 1))
    expect(page.locator("#reason-coding")).to_have_value("Half a sen")
    expect(page.locator("#reason-coding")).to_be_visible()
