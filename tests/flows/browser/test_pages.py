"""What a person does in the pages: come in, find a run, start one, decide at a gate, cancel."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.browser.conftest import SignIn
from tests.flows.browser.running import Site
from tests.stories.runs import BLOG

pytestmark = pytest.mark.flow

SELECTED = (
    "(({value, selectionStart, selectionEnd}) => value.slice(selectionStart, selectionEnd))(document.activeElement)"
)
POST = """async (address) => {
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  return (await fetch(address, {method: "POST", headers})).status;
}"""


def test_signing_in_by_password_leads_to_the_page_that_was_wanted(browser: Any, site: Site, expect: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.url}/projects/")
    page.get_by_label("User name").fill("teammate")
    page.get_by_label("Password").fill("teammate-password")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{site.url}/projects/")
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    context.close()


def test_signing_out_by_the_menu(sign_in: SignIn, expect: Any) -> None:
    page = sign_in()
    page.get_by_label("Account of owner").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to Hive")).to_be_visible()


def test_a_run_appears_in_the_list_by_itself_and_opens(sign_in: SignIn, site: Site, expect: Any) -> None:
    page = sign_in()
    made = site.do("tell", story="waiting")
    row = page.locator(f"#run-{made['run']}")
    expect(row).to_contain_text("Needs approval")
    row.get_by_role("link", name="Create blog website").click()
    expect(page).to_have_url(f"{site.url}/runs/{made['run']}/")


def test_filters_narrow_the_list_without_leaving_the_page(sign_in: SignIn, site: Site, expect: Any) -> None:
    failed = site.do("tell", story="failing")["run"]
    page = sign_in()
    page.get_by_label("Search in titles").fill("broken")
    expect(page.locator(f"#run-{failed}")).to_be_visible()
    expect(page.locator(".run-rows > li:not(:has-text('Broken'))")).to_have_count(0)
    expect(page).to_have_url(f"{site.url}/?q=broken&project=")
    page.get_by_role("link", name="Completed").click()
    expect(page.locator(f"#run-{failed}")).to_have_count(0)


def test_a_spec_is_checked_while_it_is_written_and_then_started(sign_in: SignIn, expect: Any) -> None:
    page = sign_in(path="/runs/new/")
    page.get_by_label("Spec", exact=True).fill(BLOG.replace("title:", "titel:", 1))
    expect(page.locator("#problems")).to_contain_text("titel")
    expect(page.locator(".gutter .wrong", has_text="2")).to_be_visible()
    page.get_by_role("link", name="Go to 2:").first.click()
    selected = page.evaluate(SELECTED)
    assert selected.startswith("titel")
    page.get_by_label("Spec", exact=True).fill(BLOG)
    expect(page.locator("#problems")).to_contain_text("It is a valid spec")
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_role("heading", name="Create blog website")).to_be_visible()


def test_a_file_is_put_into_the_editor(sign_in: SignIn, expect: Any) -> None:
    page = sign_in(path="/runs/new/")
    file = {"name": "spec.yaml", "mimeType": "text/yaml", "buffer": BLOG.encode()}
    page.get_by_label("Or a file").set_input_files(file)
    expect(page.get_by_label("Spec", exact=True)).to_have_value(BLOG)
    expect(page.locator("#problems")).to_contain_text("It is a valid spec")


def test_a_gate_is_approved_with_a_comment_and_the_page_goes_on(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="waiting")
    page = sign_in("teammate", path=f"/runs/{made['run']}/")
    page.get_by_label("Comment").fill("Ship it.")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#toasts")).to_contain_text("Approved")
    expect(page.locator("#part-gates")).to_contain_text("Ship it.")
    assert site.do("gate", gate=made["gate"]) == {"status": "approved", "message": "Ship it."}


def test_rejecting_asks_first(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="waiting")
    page = sign_in(path=f"/runs/{made['run']}/")
    page.get_by_role("button", name="Reject").click()
    page.locator("#confirm").get_by_role("button", name="No").click()
    assert site.do("gate", gate=made["gate"])["status"] == "pending"
    page.get_by_role("button", name="Reject").click()
    page.locator("#confirm").get_by_role("button", name="Yes").click()
    expect(page.locator("#part-gates")).to_contain_text("Rejected")


def test_a_comment_that_is_being_written_survives_what_happens_meanwhile(
    sign_in: SignIn, site: Site, expect: Any
) -> None:
    made = site.do("tell", story="running")
    waiting = site.do("tell", story="waiting")
    page = sign_in(path=f"/runs/{waiting['run']}/")
    page.get_by_label("Comment").fill("Let me think")
    page.evaluate("htmx.trigger('#part-gates', 'live')")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_label("Comment")).to_have_value("Let me think")
    assert made["run"] != waiting["run"]


def test_canceling_stops_the_run_and_says_so(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="running")
    page = sign_in(path=f"/runs/{made['run']}/")
    page.get_by_role("button", name="Cancel").click()
    page.locator("#confirm").get_by_role("button", name="Yes").click()
    expect(page.locator("#part-head")).to_contain_text("Stopping")
    assert site.do("status", run=made["run"])["stop_reason"] == "canceled_by_user"


def test_what_a_viewer_is_not_offered_is_refused_too(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="running")
    page = sign_in("viewer", path=f"/runs/{made['run']}/")
    expect(page.get_by_role("heading", name="A beekeeper's almanac")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    status = page.evaluate(POST, f"/runs/{made['run']}/cancel/")
    assert status == 403


def test_artifacts_and_logs_are_downloaded(sign_in: SignIn, site: Site) -> None:
    made = site.do("tell", story="completed")
    page = sign_in(path=f"/runs/{made['run']}/")
    with page.expect_download() as tree:
        page.get_by_role("link", name="tree.tar").click()
    assert tree.value.path().stat().st_size == 40_960
    with page.expect_download() as log:
        page.get_by_role("link", name="Download").click()
    assert "http://devsite:8080/feed.xml" in log.value.path().read_text()


def test_a_key_is_made_and_shown_once(sign_in: SignIn, expect: Any) -> None:
    page = sign_in(path="/organisations/ours/")
    page.get_by_label("New key").fill("CI of the garden")
    page.get_by_role("button", name="Make the key").click()
    assert page.locator("[data-new-key]").inner_text().startswith("hive_")
    page.goto(page.url.replace("keys/", ""))
    expect(page.locator("[data-new-key]")).to_have_count(0)
    expect(page.locator("#keys")).to_contain_text("CI of the garden")


def test_without_scripts_everything_is_there_and_forms_work(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("tell", story="waiting")
    page = sign_in(path=f"/runs/{made['run']}/", java_script_enabled=False)
    expect(page.locator(".log-plain")).to_contain_text("Ran 24 tests")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".messages")).to_contain_text("Approved")
    page.goto(f"{site.url}/?status=asking&q=blog")
    expect(page.locator(f"#run-{made['run']}")).to_have_count(0)
