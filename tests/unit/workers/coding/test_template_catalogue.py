"""Finding templates: by name, in several sources, the nearest to the user first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.workers.coding.template_makers import make_template
from workers.coding.engines.template import (
    BadTemplate,
    Catalogue,
    SourceUnreachable,
    Template,
    UnknownTemplate,
    standard_catalogue,
)
from workers.coding.engines.template.sources import FolderSource, is_git_address


class Silent:
    """A source that does not answer."""

    label = "silent"

    def templates(self) -> dict[str, Path]:
        raise SourceUnreachable("The templates of silent cannot be fetched: no route to host")


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return standard_catalogue(tmp_path / "mine", [str(tmp_path / "more")], tmp_path / "cache")


def test_the_built_in_templates_are_there(catalogue: Catalogue) -> None:
    assert [template.name for template in catalogue.list()] == ["python-service", "simple-static"]


@pytest.mark.parametrize("name", ["python-service", "simple-static"])
def test_each_built_in_template_says_what_it_is(catalogue: Catalogue, name: str) -> None:
    template = catalogue.find(name)
    assert template.title
    assert template.description
    assert template.deploy.directory or template.deploy.command
    assert all(question.help and not question.required for question in template.questions)


@pytest.mark.parametrize("name", ["python-service", "simple-static"])
def test_the_documentation_names_each_value(catalogue: Catalogue, root: Path, name: str) -> None:
    lines = (root / "docs" / "templates.md").read_text().splitlines()
    (row,) = (line for line in lines if line.startswith(f"| `{name}` |"))
    values = ", ".join(f"`{question.name}`" for question in catalogue.find(name).questions)
    assert row.endswith(f"| {values} |")


def test_a_template_that_a_user_adds_is_found_at_once(catalogue: Catalogue, tmp_path: Path) -> None:
    make_template(tmp_path / "mine" / "shop")
    assert catalogue.find("shop").source.startswith("your templates")


def test_the_user_s_wins_over_the_settings_and_these_over_the_built_in(catalogue: Catalogue, tmp_path: Path) -> None:
    make_template(tmp_path / "more" / "simple-static")
    assert catalogue.find("simple-static").path == tmp_path / "more" / "simple-static"
    make_template(tmp_path / "mine" / "simple-static")
    assert catalogue.find("simple-static").path == tmp_path / "mine" / "simple-static"
    assert [template.name for template in catalogue.list()].count("simple-static") == 1


def test_a_wrong_name_is_answered_with_the_nearest_and_where_it_looked(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(UnknownTemplate) as caught:
        catalogue.find("simple-statik")
    assert "Did you mean `simple-static`?" in str(caught.value)
    assert str(tmp_path / "mine") in str(caught.value)
    assert str(tmp_path / "more") in str(caught.value)
    assert caught.value.permanent


@pytest.mark.parametrize(
    "name", ["../simple-static", "/etc", "simple-static/template", "", ".", "Simple-Static", "a\x00b"]
)
def test_a_path_is_no_name(catalogue: Catalogue, name: str) -> None:
    with pytest.raises(UnknownTemplate):
        catalogue.find(name)


def test_folders_that_are_no_templates_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "file.txt").write_text("x")
    make_template(tmp_path / "Bad Name")
    make_template(tmp_path / "good")
    assert list(FolderSource(tmp_path).templates()) == ["good"]


def test_a_folder_that_is_itself_a_template_is_one(tmp_path: Path) -> None:
    make_template(tmp_path / "shop")
    assert FolderSource(tmp_path / "shop").templates() == {"shop": tmp_path / "shop"}


def test_a_silent_source_hides_nothing_of_the_others(tmp_path: Path) -> None:
    make_template(tmp_path / "shop")
    catalogue = Catalogue([Silent(), FolderSource(tmp_path)])
    assert [template.name for template in catalogue.list()] == ["shop"]
    assert catalogue.find("shop").path == tmp_path / "shop"


def test_what_may_be_in_a_silent_source_is_not_said_to_be_nowhere(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable) as caught:
        Catalogue([Silent(), FolderSource(tmp_path)]).find("shop")
    assert "no route to host" in str(caught.value)
    assert not caught.value.permanent


@pytest.mark.parametrize(
    ("text", "is_address"),
    [
        ("https://host/templates.git", True),
        ("ssh://git@host/x#v1", True),
        ("git@host:team/templates", True),
        ("file:///srv/templates", True),
        ("/srv/templates.git", True),
        ("/srv/templates.git#v1", True),
        ("/srv/templates", False),
        ("~/templates", False),
        ("relative/a@b", False),
    ],
)
def test_addresses_and_folders_are_told_apart(text: str, is_address: bool) -> None:
    assert is_git_address(text) is is_address


def test_what_a_template_says_of_itself_is_read(tmp_path: Path) -> None:
    template = make_template(
        tmp_path / "shop",
        "title:\n  type: str\n  help: Name.\nsize: 5\nsecret:\n  type: str\n  default: x\n",
        about="title: A shop\ndeploy: {command: ./serve, health: /up}\n",
    )
    assert (template.title, template.deploy.command, template.deploy.health) == ("A shop", "./serve", "/up")
    assert [(question.name, question.type, question.required) for question in template.questions] == [
        ("title", "str", True),
        ("size", "int", False),
        ("secret", "str", False),
    ]


def test_a_template_may_leave_out_template_yaml(tmp_path: Path) -> None:
    template = make_template(tmp_path / "shop")
    assert (template.title, template.deploy.directory) == ("shop", None)


@pytest.mark.parametrize(
    ("about", "part"),
    [
        ("deplyo: {}\n", "deplyo"),
        ("deploy: {directory: ../..}\n", "deploy.directory"),
        ("deploy: {directory: a, command: b}\n", "both"),
        ("title: [x\n", "no plain YAML"),
        ("title: !!python/object/apply:os.system [id]\n", "no plain YAML"),
        ("x: " + "y" * 300_000, "larger than"),
    ],
)
def test_a_bad_template_yaml_names_the_file_and_the_key(tmp_path: Path, about: str, part: str) -> None:
    template = make_template(tmp_path / "shop", about=about)
    with pytest.raises(BadTemplate) as caught:
        _ = template.deploy
    assert "template.yaml" in str(caught.value)
    assert part.lower() in str(caught.value).lower()


def test_looking_up_a_template_does_not_load_copier() -> None:
    """It costs half a second that no worker should pay at its start."""
    program = (
        "import sys; from pathlib import Path; from workers.coding.engines.template import standard_catalogue as s;"
        "s(Path('/nonexistent'), [], Path('/nonexistent')).find('simple-static').deploy;"
        "sys.exit('copier' in sys.modules or 'django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_template_is_a_value(tmp_path: Path) -> None:
    assert Template("a", tmp_path, "x") == Template("a", tmp_path, "x")
