"""Agents and jobs in a browser: on a phone and a desk, light and dark, with the keyboard, live."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.browser.conftest import SignIn
from tests.flows.browser.running import Site
from tests.flows.browser.test_pages_look import CONTRAST, DESK, OVERFLOW, PHONE, tab_to

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def made(site: Site) -> dict[str, int]:
    return site.do("pipeline")


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (PHONE, "light"), (DESK, "dark"), (DESK, "light")])
def test_the_pages_fit_and_can_be_read(
    sign_in: SignIn, site: Site, made: dict[str, int], size: dict[str, int], scheme: str
) -> None:
    page = sign_in("operator", viewport=size, color_scheme=scheme)
    jobs = [f"/jobs/{made[name]}/" for name in ("failed", "running", "queued")]
    for path in ("/agents/", f"/agents/{made['agent']}/", "/jobs/", *jobs):
        page.goto(site.url + path)
        page.wait_for_load_state("load")
        assert page.evaluate(OVERFLOW) <= 0, path
        assert page.evaluate(CONTRAST) == [], path


def test_an_operator_makes_a_token_and_sees_it_once(sign_in: SignIn, made: dict[str, int], expect: Any) -> None:
    page = sign_in("operator")
    page.get_by_label("Account of operator").click()
    page.get_by_role("link", name="Agents").click()
    page.get_by_label("New token").fill("For the lab")
    page.get_by_label("Tags").fill("gpu")
    page.get_by_role("button", name="Make the token").click()
    expect(page.locator("[data-new-token]")).to_contain_text("--token hive-enrol_")
    page.goto(page.url.partition("tokens/")[0])
    expect(page.locator("#tokens")).to_contain_text("For the lab")
    expect(page.locator("[data-new-token]")).to_have_count(0)


def test_the_keyboard_alone_pauses_and_resumes_an_agent(
    sign_in: SignIn, site: Site, made: dict[str, int], expect: Any
) -> None:
    page = sign_in("operator", path=f"/agents/{made['agent']}/")
    page.locator("#minutes").focus()
    tab_to(page, "Pause", most=3)
    page.keyboard.press("Enter")
    expect(page.locator("h1 + .status")).to_have_text("Paused")
    assert site.do("agent", agent=made["agent"])["paused"]
    tab_to(page, "Resume")
    page.keyboard.press("Enter")
    expect(page.locator("h1 + .status")).to_have_text("Working")


def test_a_list_of_jobs_is_narrowed_as_one_writes_and_lives(
    sign_in: SignIn, site: Site, made: dict[str, int], expect: Any
) -> None:
    page = sign_in(path="/jobs/")
    page.get_by_label("Search by number or words").fill("python 3.12")
    expect(page.locator("#job-list .main-link")).to_have_text(["CI python 3.12"])
    page.get_by_label("Search by number or words").fill("")
    page.locator("#kind").select_option("other")
    expect(page.locator("#job-list .main-link")).to_have_count(0)
    site.do("tell", story="queued")
    expect(page.locator("#job-list .main-link")).to_have_text(["Plan"])


def test_a_jobs_page_follows_its_end(sign_in: SignIn, site: Site, made: dict[str, int], expect: Any) -> None:
    page = sign_in(path=f"/jobs/{made['running']}/")
    expect(page.locator("#job-more")).to_contain_text("Ran")
    site.do("report", job=made["running"])
    expect(page.locator("h1 + .status")).to_have_text("Failed")
    expect(page.locator("#job-more")).to_contain_text("128 passed, 2 failed")
    expect(page.locator("#job-more .stage-prepared")).to_have_count(2)
