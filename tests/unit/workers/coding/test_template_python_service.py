"""The service: green as it comes, red for whatever is broken in it, and fit to be deployed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.workers.coding.template_runs import change, made, run_tests


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made("python-service", {}, tmp_path_factory.mktemp("made") / "service")


@pytest.fixture
def service(untouched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(untouched, tmp_path / "service"))


def test_it_is_green_as_it_comes_and_says_so_in_its_report(service: Path) -> None:
    ran = run_tests(service)
    assert (ran.exit_code, ran.failed) == (0, 0), ran.output
    assert ran.cases >= 25


def test_it_is_green_with_any_values(tmp_path: Path) -> None:
    values = {"title": 'A "quoted" \\ {{ 7 * 7 }} 😀', "description": "line\nbreak </script>"}
    ran = run_tests(made("python-service", values, tmp_path / "service"))
    assert ran.exit_code == 0, ran.output


def test_its_tests_leave_nothing_that_belongs_into_a_commit(service: Path) -> None:
    before = {path for path in service.rglob("*") if path.is_file()}
    run_tests(service)
    left = {path.relative_to(service).parts[0] for path in service.rglob("*") if path.is_file() and path not in before}
    assert left == {"test-results"}


MUTATIONS = {
    "no health path": ("app/notes.py", '"/health"', '"/healthz"'),
    "a health path that fails": ("app/notes.py", '{"status": "ok"', '{"status": "bad"'),
    "a port that is not heard": ("service.py", '"PORT", "8080"', '"PROT", "8080"'),
    "no end on SIGTERM": ("service.py", "(signal.SIGTERM, signal.SIGINT)", "(signal.SIGINT,)"),
    "an end that answers nobody": ("service.py", "target=server.shutdown", "target=os._exit, args=[0]"),
    "answers that are no JSON": ("app/http.py", '"application/json; charset=utf-8"', '"text/plain"'),
    "errors without their status": ("app/http.py", '{"status": status, "message": message}', '{"message": message}'),
    "faults of others taken for ours": ("app/http.py", "except RequestError as", "except KeyError as"),
    "bodies without end": ("app/http.py", "if int(length) > MAX_BODY_BYTES:", "if False:"),
    "bodies of any kind": ("app/http.py", '!= "application/json"', '!= ""'),
    "a body nested without end": ("app/http.py", "(ValueError, RecursionError)", "ValueError"),
    "a body for HEAD": ("app/routing.py", '"GET" if request.method == "HEAD"', '"PUT" if request.method == "HEAD"'),
    "any method anywhere": ("app/routing.py", "if known == method:", "if True:"),
    "no word on what is allowed": ("app/routing.py", ", Allow=names", ""),
    "notes without text": ("app/store.py", "not text.strip()", "False"),
    "notes without end": ("app/store.py", "len(text) > MAX_TEXT", "False"),
    "ids given twice": ("app/store.py", "self.last_id + 1", "len(self.notes) + 1"),
    "notes that do not last": ("app/store.py", "fresh.replace(self.path)", "pass"),
    "a change before it is on the disk": ("app/store.py", "os.fsync(", "self.notes = notes; os.fsync("),
    "keys that nobody knows": ("app/notes.py", "sorted(set(request.body) - {name})", "[]"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_whatever_is_broken_is_seen(service: Path, name: str) -> None:
    change(service, *MUTATIONS[name])
    ran = run_tests(service)
    assert ran.exit_code != 0
    assert ran.failed > 0, ran.output
