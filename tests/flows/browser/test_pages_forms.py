"""Forms with a browser: the questions of a gate, a project from where it lies, and one that is uploaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.archives import tar_of
from tests.flows.browser.conftest import SignIn
from tests.flows.browser.running import Site
from tests.servers.git import PASSWORD, USER, forge

pytestmark = pytest.mark.flow

QUESTIONS = [
    {"text": "Which colour?", "choices": ["red", "blue"], "required": True},
    {"text": "Who is it for?", "choices": [], "required": True},
    {"text": "Anything else?", "choices": [], "required": False},
]


def test_questions_are_answered_and_the_job_goes_on_with_the_answers(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("ask", questions=QUESTIONS)
    page = sign_in("teammate", path=f"/runs/{made['run']}/")
    page.get_by_label("blue").check()
    page.get_by_role("button", name="Answer").click()
    assert page.get_by_label("2. Who is it for?").evaluate("field => field.validity.valueMissing")
    assert site.do("answers", gate=made["gate"])["status"] == "pending"
    page.get_by_label("2. Who is it for?").fill("Beekeepers")
    page.get_by_role("button", name="Answer").click()
    expect(page.locator("#part-gates .answers")).to_contain_text("Beekeepers")
    expect(page.locator("#part-gates .answers")).to_contain_text("left open")
    site.do("look", run=made["run"])
    told = site.do("answers", gate=made["gate"])
    assert told == {"status": "approved", "answers": ["blue", "Beekeepers", ""], "attempts": 1}


def test_a_viewer_reads_the_questions_and_is_offered_no_answer(sign_in: SignIn, site: Site, expect: Any) -> None:
    made = site.do("ask", questions=QUESTIONS)
    page = sign_in("viewer", path=f"/runs/{made['run']}/")
    expect(page.locator("#part-gates")).to_contain_text("Which colour?")
    expect(page.get_by_role("button", name="Answer")).to_have_count(0)


def test_a_project_is_fetched_from_where_it_lies_with_a_password_that_no_page_shows(
    sign_in: SignIn, site: Site, expect: Any, tmp_path: Path
) -> None:
    project = site.do("make_project", slug="elsewhere")
    with forge(tmp_path) as server:
        site.do("trust", host=server.host)
        url = server.make("site", {"README": "Hello\n"})
        page = sign_in(path=f"/projects/{project}/")
        page.get_by_text("Where it lies").click()
        page.get_by_label("Address").fill(url)
        page.locator("#origin-user").fill(USER)
        page.get_by_label("Password, token or private key").fill(PASSWORD)
        page.get_by_role("button", name="Set and fetch").click()
        page.wait_for_url(f"{site.url}/runs/*/")
        run = int(page.url.rstrip("/").rpartition("/")[2])
        assert site.do("fetch", run=run).startswith("completed: main is at")
    page.goto(f"{site.url}/projects/{project}/")
    expect(page.get_by_label("Newest commits")).to_contain_text("Commit 1")
    page.get_by_text("Where it lies").click()
    expect(page.get_by_label("Address")).to_have_value(url)
    expect(page.get_by_label("Password, token or private key")).to_have_value("")
    assert PASSWORD not in page.content()


def test_an_address_that_hive_does_not_go_to_is_told_and_not_kept(sign_in: SignIn, site: Site, expect: Any) -> None:
    project = site.do("make_project", slug="refused")
    page = sign_in(path=f"/projects/{project}/")
    page.get_by_text("Where it lies").click()
    page.get_by_label("Address").fill("ftp://forge.example/site.git")
    page.get_by_role("button", name="Set and fetch").click()
    expect(page.locator(".messages")).to_contain_text("https://")
    page.reload()
    expect(page.get_by_text("Hive's own")).to_be_visible()


def test_an_archive_is_uploaded_and_its_files_are_the_projects(sign_in: SignIn, site: Site, expect: Any) -> None:
    project = site.do("make_project", slug="uploaded")
    page = sign_in("teammate", path=f"/projects/{project}/")
    page.get_by_text("Upload files").click()
    bees = {"name": "bees.tar.gz", "mimeType": "application/gzip", "buffer": tar_of({"README": b"Bees\n"}, "gz")}
    page.locator("#upload-file").set_input_files(bees)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".messages")).to_contain_text("main is at")
    expect(page.get_by_label("Newest commits")).to_contain_text("teammate")


def test_what_is_no_archive_is_told(sign_in: SignIn, site: Site, expect: Any) -> None:
    project = site.do("make_project", slug="garbled")
    page = sign_in(path=f"/projects/{project}/")
    page.get_by_text("Upload files").click()
    page.locator("#upload-file").set_input_files(
        {"name": "x.tar.gz", "mimeType": "text/plain", "buffer": b"no archive"}
    )
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".messages")).to_be_visible()
    expect(page.locator(".messages")).not_to_contain_text("main is at")
