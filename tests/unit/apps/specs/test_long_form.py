"""What planners read: every default explicit, storable, loadable, and a spec itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from apps.specs.reading import writing
from apps.specs.schema import Deploy, DeployDefaults, Spec
from apps.specs.validate import check, check_data, check_file


@pytest.fixture(params=["create-blog", "diamond", "failing-tests", "approve-before-deploy"])
def spec(request: pytest.FixtureRequest, root: Path) -> Spec:
    spec = check_file(root / "specs" / f"{request.param}.yaml").spec
    assert spec is not None
    return spec


def test_it_is_stored_and_loaded_again(spec: Spec) -> None:
    stored = json.loads(json.dumps(spec.model_dump(mode="json")))
    assert Spec.model_validate(stored) == spec


def test_it_is_a_valid_spec_itself(spec: Spec) -> None:
    assert check_data(spec.model_dump(mode="json")).spec == spec
    assert check(writing.to_yaml(spec.model_dump(mode="json"))).spec == spec


def test_an_object_means_the_same_as_its_text(spec: Spec) -> None:
    checked = check_data(spec.model_dump(mode="json"))
    assert check(checked.text).spec == checked.spec


def test_it_cannot_be_changed(spec: Spec) -> None:
    with pytest.raises(ValidationError):
        spec.title = "other"  # type: ignore[misc]


def test_what_a_spec_leaves_open_comes_from_the_template() -> None:
    template = DeployDefaults(build="make", directory="public", health="/up")
    assert Deploy().filled(template).model_dump(include={"build", "directory", "command", "health"}) == {
        "build": "make",
        "directory": "public",
        "command": None,
        "health": "/up",
    }


def test_what_a_spec_says_wins_over_the_template() -> None:
    filled = Deploy(command="./serve", health="/").filled(
        DeployDefaults(build="make", directory="public", health="/up")
    )
    assert (filled.build, filled.directory, filled.command, filled.health) == ("make", None, "./serve", "/")


def test_health_is_the_root_where_nobody_names_one() -> None:
    assert Deploy(command="x").filled(DeployDefaults()).health == "/"
