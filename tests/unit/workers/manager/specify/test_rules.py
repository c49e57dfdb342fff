"""What a model's spec may not take for itself."""

from __future__ import annotations

import pytest

from apps.specs.validate import check
from tests.unit.workers.manager.specify.story import SPEC
from workers.manager.specify.rules import refused
from workers.manager.specify.tools import _unfenced


def problems(more: str = "", *, unattended: bool = False, text: str = SPEC) -> list[str]:
    checked = check(text + more)
    assert checked.spec is not None, checked.problems
    return [problem.path for problem in refused(checked.spec, unattended=unattended)]


def test_an_ordinary_spec_is_taken() -> None:
    assert problems() == []


def test_the_kind_of_sandbox_is_not_the_models_to_choose() -> None:
    assert problems("constraints: {sandbox: process}\ngates: [after_plan]\n") == ["tasks.page.constraints.sandbox"]


@pytest.mark.parametrize("wish", ["    constraints: {network: internet}\n", "    secrets: [TOKEN]\n"])
def test_network_and_secrets_need_a_person_who_approves_the_plan(wish: str) -> None:
    assert len(problems(wish)) == 1
    assert problems(f"{wish}gates: [after_plan]\n") == []
    assert len(problems(f"{wish}gates: [after_plan]\n", unattended=True)) == 1


@pytest.mark.parametrize("guard", ["{policy: flag}", "{allow: [tests/**]}"])
def test_the_guard_of_the_tests_is_not_loosened_by_a_model(guard: str) -> None:
    assert problems(f"guard: {guard}\n") == ["guard"]


def test_each_task_promises_something_and_the_spec_says_what_it_is_for() -> None:
    bare = "id: a\ntitle: A\ntests: [{run: 'true'}]\n"
    assert problems(text=bare) == ["tasks.a.outputs", "description"]


def test_fences_around_a_proposal_are_taken_off() -> None:
    assert _unfenced(f"```yaml\n{SPEC}```") == SPEC
