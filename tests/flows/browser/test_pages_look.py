"""How the pages look and feel: narrow and wide, light and dark, with the keyboard alone, without motion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.flows.browser.conftest import SignIn
from tests.flows.browser.running import Site

pytestmark = pytest.mark.flow

CONTRAST = (Path(__file__).parent / "contrast.js").read_text().partition("\n")[2]
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
FOCUSED = "() => document.activeElement.innerText || document.activeElement.value || document.activeElement.id"
GROUND = "() => getComputedStyle(document.body).backgroundColor"
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
DARK, LIGHT = "rgb(19, 18, 15)", "rgb(246, 244, 238)"


@pytest.fixture(scope="module")
def paths(site: Site) -> list[str]:
    """A page of each kind, in the states that differ most."""
    done, waiting, running = (site.do("tell", story=story) for story in ("completed", "waiting", "running"))
    site.do("make_key", name="A key with a rather long name, for the garden")
    site.do("put_secret", name="A_SECRET_WITH_A_RATHER_LONG_NAME_FOR_THE_GARDEN")
    site.do("set_mcp_server", name="forge-of-the-garden")
    failing, incident = site.do("tell", story="failing"), site.do("tell", story="incident")
    runs = [f"/runs/{made['run']}/" for made in (done, waiting, running, failing)]
    others = [f"/jobs/{running['jobs'][0]}/", f"/releases/{incident['release']}/", "/incidents/1/", "/projects/1/"]
    lists = ["/", "/runs/new/?sample=diamond", "/releases/", "/incidents/", "/projects/", "/organisations/ours/"]
    return [
        *runs,
        *others,
        *lists,
        "/specs/1/",
        "/projects/1/mcp-servers/?edit=forge-of-the-garden",
        "/password/",
        "/nowhere/",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_fits_and_can_be_read(
    sign_in: SignIn, site: Site, paths: list[str], size: dict[str, int], scheme: str
) -> None:
    page = sign_in(viewport=size, color_scheme=scheme)
    for path in paths:
        page.goto(site.url + path)
        page.wait_for_load_state("load")
        assert page.evaluate(GROUND) == (DARK if scheme == "dark" else LIGHT)
        assert page.evaluate(OVERFLOW) <= 0, path
        assert page.evaluate(CONTRAST) == [], path


def test_the_measure_of_contrast_finds_what_is_too_weak(sign_in: SignIn) -> None:
    page = sign_in(path="/password/")
    page.evaluate("document.querySelector('h1').style.color = '#c0bcb0'")
    assert [one for one in page.evaluate(CONTRAST) if "Choose a password" in one]


def test_long_words_do_not_push_a_phone_sideways(sign_in: SignIn, site: Site) -> None:
    made = site.do("tell", story="running")
    word = "averylongwordwithoutanyspaces" * 12
    site.do("print", job=made["jobs"][0], lines=[word])
    site.do("emit", job=made["jobs"][0], type="file", data={"path": word, "change": "A"})
    site.do("rename", run=made["run"], title=word[:200])
    page = sign_in(viewport=PHONE, path=f"/runs/{made['run']}/?job={made['jobs'][0]}")
    page.locator(".log-line").last.wait_for()
    assert page.evaluate(OVERFLOW) <= 0
    page.get_by_role("button", name="Wrap").click()
    assert (
        page.evaluate("() => { const v = document.querySelector('.log-view'); return v.scrollWidth - v.clientWidth; }")
        <= 0
    )
    page.goto(f"{site.url}/")
    assert page.evaluate(OVERFLOW) <= 0


def test_the_switch_changes_the_side_and_the_next_page_begins_with_it(sign_in: SignIn, expect: Any) -> None:
    page = sign_in(color_scheme="light")
    assert page.evaluate(GROUND) == LIGHT
    page.get_by_label("Account of owner").click()
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(GROUND) == DARK
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate(GROUND) == DARK


def tab_to(page: Any, words: str, most: int = 80) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if words in page.evaluate(FOCUSED):
            return
    raise AssertionError(f"{words} cannot be reached with the keyboard")


def test_the_keyboard_alone_reaches_and_does_everything(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="waiting")
    page = sign_in()
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "Skip to the content"
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.locator(f"#run-{made['run']} .run-title").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/runs/{made['run']}/")
    tab_to(page, "Approve")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#confirm")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Reject")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Approved")


def test_a_menu_opens_and_closes_with_the_keyboard(sign_in: SignIn, expect: Any) -> None:
    page = sign_in()
    summary = page.get_by_label("Account of owner")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    tab_to(page, "Password", most=8)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).not_to_be_visible()
    expect(summary).to_be_focused()


def test_who_wants_no_motion_gets_none(sign_in: SignIn, site: Site) -> None:
    made = site.do("tell", story="running")
    page = sign_in(path=f"/runs/{made['run']}/", reduced_motion="reduce")
    turning = "getComputedStyle(document.querySelector('.icon-loader-circle')).animationIterationCount"
    assert page.evaluate(turning) == "1"


@pytest.fixture
def spans(sign_in: SignIn) -> Callable[[str], str]:
    page = sign_in()
    return lambda call: page.evaluate(f"async () => (await import('/static/js/times.js')).{call}")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("span(0.042)", "42 ms"),
        ("span(0.44)", "0.4 s"),
        ("span(59.6)", "1 min 00 s"),
        ("span(185)", "3 min 05 s"),
        ("span(7800)", "2 h 10 min"),
        ("age(new Date(0), new Date(4000))", "just now"),
        ("age(new Date(0), new Date(7300e3))", "2 h ago"),
        ("age(new Date('2026-10-11'), new Date('2026-11-20'))", "11 Oct 2026"),
    ],
)
def test_scripts_tell_times_in_the_words_of_the_server(spans: Callable[[str], str], call: str, words: str) -> None:
    assert spans(call) == words
