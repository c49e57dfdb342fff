"""The run's page while things happen: live parts, a log of any length, a server that dies and comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.browser.conftest import SignIn
from tests.flows.browser.running import Site

pytestmark = pytest.mark.flow

# What the pane holds, also of lines that are not drawn at the moment.
LINES = (
    "() => { const {text} = document.querySelector('hive-log'); return [...text.lines, text.partial].filter(Boolean); }"
)
DRAWN = "() => document.querySelectorAll('.log-line').length"
AT_END = """() => {
  const {scrollHeight, scrollTop, clientHeight} = document.querySelector(".log-view");
  return scrollHeight - scrollTop - clientHeight < 40;
}"""
HAS_LINES = "(count) => document.querySelector('hive-log').text.length >= count"
LONGEST_TASK = """() => { window.longest = 0; new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.longest = Math.max(window.longest, one.duration);
}).observe({type: "longtask"}); }"""


@pytest.fixture
def own_site(tmp_path: Path, browser: Any, root: Path) -> Iterator[Site]:
    """A site that this test alone may kill."""
    started = Site(tmp_path, root)
    yield started
    started.close()


def flood(start: int, count: int) -> list[str]:
    return [f"line {number} of the flood, as long as lines are" for number in range(start, start + count)]


def test_parts_change_by_themselves_when_rows_arrive(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="running")
    page = sign_in(path=f"/runs/{made['run']}/")
    expect(page.locator("#connection")).to_have_text("Live")
    home = page.locator(".plan-wide [data-card='task:autumn']")
    expect(home).to_have_attribute("data-status", "running")
    site.do("finish", job=made["jobs"][0])
    expect(home).to_have_attribute("data-status", "completed")
    expect(page.locator("#part-timeline")).to_contain_text("Test Posts about autumn")
    expect(page.locator("#part-evidence #task-autumn")).to_contain_text("Verified")
    expect(page.locator("#part-events")).to_contain_text("Posts about autumn is verified")
    expect(page.locator("#part-head")).to_contain_text("5 of 13 steps")


def test_a_hundred_events_cost_a_part_a_handful_of_requests(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="running")
    page = sign_in(path=f"/runs/{made['run']}/")
    expect(page.locator("#connection")).to_have_text("Live")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/parts/events/" in request.url else None)
    for number in range(100):
        site.do("emit", job=made["jobs"][0], type="activity", data={"text": f"Counting bee {number}"})
    expect(page.locator("#part-events")).to_contain_text("Counting bee 99")
    assert len(asked) <= 25


def test_a_run_that_ends_is_announced_to_those_who_do_not_see_it(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="waiting")
    page = sign_in(path=f"/runs/{made['run']}/")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#toasts")).to_contain_text("Approved")
    site.do("go_on", run=made["run"])
    expect(page.locator("#announcer")).to_have_text(f"Run {made['run']}: Completed")
    expect(page.locator("#part-release")).to_contain_text("http://127.0.0.1:8080")


def test_the_log_follows_and_lets_go_when_somebody_reads(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="running")
    job = made["jobs"][0]
    page = sign_in(path=f"/runs/{made['run']}/?job={job}")
    site.do("flood", job=job, start=0, count=500)
    expect(page.locator(".log-line").last).to_contain_text("line 499 ")
    page.wait_for_function(AT_END)
    page.locator(".log-view").hover()
    page.mouse.wheel(0, -3000)
    expect(page.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "false")
    before = page.evaluate("document.querySelector('.log-view').scrollTop")
    site.do("flood", job=job, start=500, count=200)
    page.wait_for_function(HAS_LINES, arg=705)
    assert page.evaluate("document.querySelector('.log-view').scrollTop") == before
    page.get_by_role("button", name="To the end").click()
    page.wait_for_function(AT_END)
    expect(page.locator(".log-line").last).to_contain_text("line 699 ")


def test_a_paused_log_counts_what_it_keeps_back(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="running")
    job = made["jobs"][0]
    page = sign_in(path=f"/runs/{made['run']}/?job={job}")
    expect(page.locator(".log-line").first).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    site.do("flood", job=job, start=0, count=300)
    expect(page.locator("[data-log='more']")).to_have_text("Paused · 300 new lines")
    expect(page.locator(".log-line", has_text="of the flood")).to_have_count(0)
    page.locator("[data-log='more']").click()
    expect(page.locator(".log-line").last).to_contain_text("line 299 ")


def test_a_hundred_thousand_lines_freeze_nothing(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="running")
    job = made["jobs"][0]
    for start in range(0, 100_000, 20_000):
        site.do("flood", job=job, start=start, count=20_000)
    page = sign_in(path=f"/runs/{made['run']}/?job={job}")
    page.evaluate(LONGEST_TASK)
    page.wait_for_function(HAS_LINES, arg=100_005, timeout=60_000)
    page.wait_for_function(AT_END)
    assert page.evaluate(LINES)[5:] == flood(0, 100_000)
    assert page.evaluate(DRAWN) < 3000
    page.locator(".log-view").scroll_into_view_if_needed()
    page.get_by_label("Search in the log").fill("line 50000 ")
    expect(page.locator("[data-log='count']")).to_have_text("1 of 1", timeout=60_000)
    expect(page.locator(".log-current")).to_contain_text("line 50000 of the flood")
    expect(page.locator(".log-current")).to_be_in_viewport()
    assert page.evaluate("window.longest") < 2000


def test_search_goes_from_match_to_match_and_round(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="running")
    job = made["jobs"][0]
    site.do(
        "print",
        job=job,
        lines=["Honey in \x1b[31mjar\x1b[0m one", "nothing", "honey in j\x1b[1mar\x1b[0m two", "<b>honey</b>"],
    )
    page = sign_in(path=f"/runs/{made['run']}/?job={job}")
    field, count = page.get_by_label("Search in the log"), page.locator("[data-log='count']")
    expect(page.locator(".log-line", has_text="<b>honey</b>")).to_be_visible()  # all of it has arrived
    field.fill("honey")
    expect(count).to_have_text("1 of 3")
    field.press("Enter")
    expect(count).to_have_text("2 of 3")
    expect(page.locator(".log-current mark")).to_have_text("honey")
    page.get_by_label("Previous match").click()
    field.press("Shift+Enter")
    expect(count).to_have_text("3 of 3")
    expect(page.locator(".log-current")).to_contain_text("<b>honey</b>")
    field.fill("jar")
    expect(count).to_have_text("1 of 2")
    expect(page.locator(".log-line", has_text="jar two").locator("mark")).to_have_text(["j", "ar"])
    field.press("Escape")
    expect(page.locator(".log-line mark")).to_have_count(0)


def test_colours_are_shown_and_markup_is_text(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="running")
    job = made["jobs"][0]
    evil = "<img src=x onerror='document.title=1'>\x1b[31m<script>document.title=2</script>"
    site.do(
        "print",
        job=job,
        lines=[evil, "still red\x1b[0m", "10%\r50%\r100% done", "\x1b[38;2;1;2;3mtrue\x1b[48;5;196mcube\x1b[0m"],
    )
    page = sign_in(path=f"/runs/{made['run']}/?job={job}")
    expect(page.locator(".log-line .ansi-f1", has_text="<script>")).to_be_visible()
    expect(page.locator(".log-line .ansi-f1", has_text="still red")).to_be_visible()
    expect(page.locator(".log-line", has_text="100% done")).not_to_contain_text("50%")
    expect(page.get_by_text("true", exact=True)).to_have_css("color", "rgb(1, 2, 3)")
    expect(page.get_by_text("cube", exact=True)).to_have_css("background-color", "rgb(255, 0, 0)")
    expect(page).to_have_title(re.compile("almanac"))
    assert page.locator(".log-view img, .log-view script").count() == 0


def test_choosing_a_job_in_the_timeline_shows_its_log(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="running")
    page = sign_in(path=f"/runs/{made['run']}/")
    page.locator("#part-timeline").get_by_role("link", name="Plan").click()
    expect(page.locator("#log-title")).to_have_text("Log of Plan")
    expect(page.locator(".log-line").first).to_contain_text("Reading the spec")
    expect(page).to_have_url(re.compile(r"\?job=\d+$"))
    page.locator(".plan-wide").get_by_role("link", name="Home page, Test").click()
    expect(page.locator("#log-title")).to_have_text("Log of Test Home page")
    page.reload()
    expect(page.locator("#log-title")).to_have_text("Log of Test Home page")


def test_the_pane_goes_with_the_work_until_somebody_reads(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="lost")
    page = sign_in(path=f"/runs/{made['run']}/")
    expect(page.locator("#log-title")).to_have_text("Log of Code Home page")
    site.do("finish", job=made["jobs"][0])
    begun = site.do("begin", run=made["run"])
    expect(page.locator("#log-title")).to_have_text("Log of Test Home page")
    page.get_by_role("button", name="Pause").click()
    site.do("finish", job=begun)
    site.do("begin", run=made["run"])
    expect(page.locator("#part-timeline")).to_contain_text("Deploy")
    expect(page.locator("#part-log")).to_contain_text("Completed")
    expect(page.locator("#log-title")).to_have_text("Log of Test Home page")


def test_a_server_that_is_killed_costs_no_line_and_doubles_none(own_site: Site, sign_in: SignIn, expect: Any) -> None:
    made = own_site.do("tell", story="running")
    job, run = made["jobs"][0], made["run"]
    page = sign_in("owner", own_site, f"/runs/{run}/?job={job}")
    own_site.do("flood", job=job, start=0, count=1000)
    expect(page.locator(".log-line").last).to_contain_text("line 999 ")
    own_site.kill()
    expect(page.locator("#connection")).to_have_text("Reconnecting…")
    expect(page.locator("[data-log='state']")).to_have_text("Reconnecting…")
    own_site.start()
    own_site.do("flood", job=job, start=1000, count=1000)
    own_site.do("emit", job=job, type="activity", data={"text": "Back at work"})
    expect(page.locator("#connection")).to_have_text("Live")
    expect(page.locator(".log-line").last).to_contain_text("line 1999 ")
    expect(page.locator("#part-events")).to_contain_text("Back at work")
    assert page.evaluate(LINES)[5:] == flood(0, 2000)


def test_a_session_that_ended_meanwhile_is_said(own_site: Site, sign_in: SignIn, expect: Any) -> None:
    made = own_site.do("tell", story="running")
    page = sign_in("owner", own_site, f"/runs/{made['run']}/")
    expect(page.locator("#connection")).to_have_text("Live")
    page.context.clear_cookies()
    own_site.kill()
    own_site.start()
    sign_in_heading = page.get_by_role("heading", name="Sign in to Hive")  # whichever part of the page asks first
    expect(page.locator("#connection", has_text="No longer allowed").or_(sign_in_heading)).to_be_visible()
    if not sign_in_heading.is_visible():
        page.evaluate("htmx.trigger('#part-plan', 'live')")
    expect(sign_in_heading).to_be_visible()
