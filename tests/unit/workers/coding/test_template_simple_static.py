"""The blog: its own tests are green as it comes, and red for whatever is broken in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.workers.coding.template_runs import change, made, run_tests

HOSTILE = {
    "title": 'A "quoted" <b> & {{ 7 * 7 }} $name 😀',
    "description": "x' \\ </title><script>",
    "author": "$$ <i>",
}
POST = "src/posts/2026-06-29-a-folder-is-enough.md"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made("simple-static", {}, tmp_path_factory.mktemp("made") / "blog")


@pytest.fixture
def blog(untouched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(untouched, tmp_path / "blog"))


def test_it_is_green_as_it_comes_and_says_so_in_its_report(blog: Path) -> None:
    ran = run_tests(blog)
    assert (ran.exit_code, ran.failed) == (0, 0), ran.output
    assert ran.cases >= 60


def test_it_holds_what_specs_promise_of_it(blog: Path) -> None:
    assert (blog / "src").is_dir()
    assert (blog / "run-tests.sh").stat().st_mode & 0o111


@pytest.mark.parametrize(
    "values",
    [HOSTILE, {"base_url": "https://example.org/notes/"}, {"title": "Bücher", "language": "de"}],
    ids=["hostile", "below a path", "german"],
)
def test_it_is_green_with_any_values(tmp_path: Path, values: dict[str, str]) -> None:
    ran = run_tests(made("simple-static", values, tmp_path / "blog"))
    assert ran.exit_code == 0, ran.output


def test_its_tests_leave_nothing_that_belongs_into_a_commit(blog: Path) -> None:
    before = {path for path in blog.rglob("*") if path.is_file()}
    run_tests(blog)
    left = {path.relative_to(blog).parts[0] for path in blog.rglob("*") if path.is_file() and path not in before}
    assert left == {"public", "test-results"}


def test_it_is_built_without_being_tested(blog: Path) -> None:
    done = subprocess.run([sys.executable, "build.py"], cwd=blog, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("Built "), done.stderr
    assert (blog / "public" / "index.html").is_file()


MUTATIONS = {
    "a link to a post that is not there": (POST, "What you give up", "[Gone](2020-01-01-gone.md)"),
    "a link to a page that is not there": (POST, "What you give up", "[Gone](/posts/gone/)"),
    "a link to a place that is not there": (POST, "What you give up", "[Gone](#elsewhere)"),
    "a picture that is not there": (POST, "What you give up", "![A cat](assets/cat.png)"),
    "a picture without words": (POST, "What you give up", "![](assets/dance.svg)"),
    "a heading too deep": (POST, "## What you give up", "#### What you give up"),
    "a day that is none": (POST, "date: 2026-06-29", "date: 2026-06-31"),
    "a head with an unknown key": (POST, "summary:", "sumary:"),
    "no title": ("src/layout/base.html", "<title>$title</title>", ""),
    "one title for all": ("src/layout/base.html", "<title>$title</title>", "<title>$site</title>"),
    "not made for phones": ("src/layout/base.html", "width=device-width", "width=1200"),
    "no feed in the head": ("src/layout/base.html", 'type="application/atom+xml"', 'type="text/plain"'),
    "a style that is not there": ("src/layout/base.html", "assets/style.css", "assets/styles.css"),
    "a script": ("src/layout/base.html", "</body>", "<script>1</script></body>"),
    "an open tag": ("src/layout/post.html", "</article>", ""),
    "two main headings": ("src/layout/post.html", "</header>", "<h1>Again</h1></header>"),
    "an id twice": ("src/layout/base.html", "<body>", '<body><i id="content"></i>'),
    "a front page without posts": ("src/layout/index.html", "$posts_html", ""),
    "a layout that asks for nonsense": ("src/layout/post.html", "$title", "$titel"),
    "a post without its text": ("src/layout/post.html", "$body_html", ""),
    "titles that are not escaped": ("blog/layout.py", "html.escape(value)", "value"),
    "text that is not escaped": ("blog/inline.py", "emphasize(html.escape(text, quote=False))", "emphasize(text)"),
    "links that run programs": ("blog/inline.py", "not in SAFE_SCHEMES", "not in (*SAFE_SCHEMES, 'javascript')"),
    "a feed without the newest post": ("blog/feed.py", "posts[:NEWEST]", "posts[1:NEWEST]"),
    "a feed without titles": ("blog/feed.py", '_add(entry, "title", post.title)', "pass"),
    "a feed with links that lead nowhere": ("blog/site.py", "self._absolute(bodies[post.url])", "bodies[post.url]"),
    "a sitemap without tags": ("blog/site.py", ', *((tag_url(tag), "") for tag in tags)', ""),
    "drafts that are published": ("blog/source.py", "if drafts or not post.draft", "if True"),
    "a build that differs each time": ("blog/feed.py", "post.date.isoformat()", "id(object())"),
    "a build that fails": ("build.py", "return 0", "return 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_whatever_is_broken_is_seen(blog: Path, name: str) -> None:
    change(blog, *MUTATIONS[name])
    ran = run_tests(blog)
    assert ran.exit_code != 0
    assert ran.failed > 0, ran.output


def test_tests_that_are_gone_are_no_pass(blog: Path) -> None:
    for path in (blog / "tests").glob("test_*.py"):
        path.unlink()
    ran = run_tests(blog)
    assert (ran.exit_code, ran.cases) == (1, 0)


def test_tests_that_cannot_be_loaded_are_no_pass(blog: Path) -> None:
    (blog / "tests" / "test_markdown.py").write_text("import nothing_that_exists\n")
    ran = run_tests(blog)
    assert ran.exit_code == 1
    assert ran.failed == 1


def test_an_old_report_does_not_outlive_a_run_that_dies(blog: Path) -> None:
    run_tests(blog)
    (blog / "tests" / "test_markdown.py").write_text("import os\nos._exit(3)\n")
    ran = run_tests(blog)
    assert (ran.exit_code, ran.cases) == (3, 0)
