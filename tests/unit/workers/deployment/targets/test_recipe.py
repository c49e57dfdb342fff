from __future__ import annotations

import json

import pytest

from workers.deployment.targets.building import SERVER, argv, cwd
from workers.deployment.targets.recipe import Recipe
from workers.sandbox.port import Limits


def test_a_recipe_survives_json() -> None:
    recipe = Recipe("e1", build=("make",), command=("python3", "app.py"), env={"A": "b"}, limits=Limits(cpus=1))
    assert Recipe.read(json.loads(json.dumps(recipe.as_json()))) == recipe


@pytest.mark.parametrize("values", [{}, {"directory": "site", "command": ("serve",)}])
def test_it_serves_in_exactly_one_way(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a directory to serve or a command that serves, and not both"):
        Recipe("e1", **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [
        {"directory": "../secrets"},
        {"directory": "/etc"},
        {"directory": "site/../../x"},
        {"directory": "site", "cwd": "/workspace/.."},
        {"command": ("serve",), "cwd": "/workspaces"},
    ],
)
def test_it_stays_in_the_workspace(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="leads out of /workspace"):
        Recipe("e1", **values)  # type: ignore[arg-type]


def test_a_health_path_begins_with_a_slash() -> None:
    with pytest.raises(ValueError, match="does not begin with a slash"):
        Recipe("e1", directory="site", health_path="http://elsewhere/")


def test_health_is_asked_for_under_the_environments_own_name() -> None:
    recipe = Recipe("e1", hostname="shop", port=9000, directory="site", health_path="/up")
    assert recipe.health_url == "http://shop:9000/up"


@pytest.mark.parametrize(
    ("values", "folder"),
    [
        ({"directory": "src"}, "src"),
        ({"directory": "."}, "."),
        ({"directory": "out", "cwd": "/workspace/tasks/one"}, "tasks/one/out"),
        ({"directory": "/workspace/out", "cwd": "/workspace/tasks/one"}, "out"),
    ],
)
def test_a_directory_is_served_by_the_static_server(values: dict[str, str], folder: str) -> None:
    recipe = Recipe("e1", **values)  # type: ignore[arg-type]
    assert argv(recipe) == ("python3", "-I", "-S", SERVER, folder)
    assert cwd(recipe) == "/workspace"


def test_a_command_runs_in_its_own_folder() -> None:
    recipe = Recipe("e1", command=("python3", "app.py"), cwd="/workspace/tasks/one")
    assert (argv(recipe), cwd(recipe)) == (("python3", "app.py"), "/workspace/tasks/one")
