"""From a template and values to files: the right ones, and none anywhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.workers.coding.template_makers import commit_all, git, make_repository, make_template
from workers.coding.engines.template import BadTemplate, BadValues, Template, render


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "work" / "into"


def refused(template_folder: Path, into: Path, *parts: str) -> None:
    """Rendering is refused, for the reason named, and nothing was written into or beside the folder."""
    outside = [path for path in into.parent.parent.rglob("*") if template_folder not in path.parents]
    with pytest.raises(BadTemplate) as caught:
        render(Template("t", template_folder, "test"), {}, into)
    for part in ("t", *parts):
        assert part in str(caught.value)
    now = [path for path in into.parent.parent.rglob("*") if template_folder not in path.parents]
    assert [path for path in now if path not in outside and path not in (into, into.parent)] == []


def test_defaults_and_values_are_filled_in(tmp_path: Path, into: Path) -> None:
    template = make_template(tmp_path / "t", "a: x\nb: y\n", f_dot_txt_dot_jinja="{{ a }} {{ b }}")
    assert render(template, {"b": "z"}, into) == ["f.txt"]
    assert (into / "f.txt").read_text() == "x z"


def test_files_without_the_suffix_are_copied_to_the_letter(tmp_path: Path, into: Path) -> None:
    render(make_template(tmp_path / "t", f_dot_txt="{{ title }}\n"), {}, into)
    assert (into / "f.txt").read_text() == "{{ title }}\n"


def test_values_are_data_and_never_run(tmp_path: Path, into: Path) -> None:
    template = make_template(tmp_path / "t")
    render(template, {"title": "{{ 7 * 7 }} {% raw %} {{ _copier_conf }}"}, into)
    assert (into / "a.txt").read_text() == "{{ 7 * 7 }} {% raw %} {{ _copier_conf }}"


def test_an_unknown_value_is_refused_with_the_nearest(tmp_path: Path, into: Path) -> None:
    with pytest.raises(BadValues, match=r"`titel`.*`title`"):
        render(make_template(tmp_path / "t"), {"titel": "x"}, into)
    with pytest.raises(BadValues, match="It takes: title"):
        render(make_template(tmp_path / "t"), {"_copier_conf": {}}, into)


def test_a_value_that_must_be_given_is_asked_for(tmp_path: Path, into: Path) -> None:
    template = make_template(tmp_path / "t", "name:\n  type: str\n")
    with pytest.raises(BadValues, match="needs a value for `name`"):
        render(template, {}, into)


@pytest.mark.parametrize("value", ["blue", 5, None, ["red"]])
def test_a_value_that_the_template_does_not_take_is_refused(tmp_path: Path, into: Path, value: object) -> None:
    template = make_template(tmp_path / "t", "colour:\n  type: str\n  default: red\n  choices: [red, green]\n")
    with pytest.raises(BadValues, match="colour"):
        render(template, {"colour": value}, into)


def test_the_template_s_own_validator_speaks(tmp_path: Path, into: Path) -> None:
    questions = 'port:\n  type: int\n  default: 1\n  validator: "{% if port < 1 %}Too small.{% endif %}"\n'
    with pytest.raises(BadValues, match="Too small"):
        render(make_template(tmp_path / "t", questions), {"port": 0}, into)


def test_the_executable_bit_is_kept_and_others_are_not(tmp_path: Path, into: Path) -> None:
    template = make_template(tmp_path / "t", run_dot_sh="#!/bin/sh\n", a_dot_txt="x")
    (template.path / "template" / "run.sh").chmod(0o4777)
    render(template, {}, into)
    assert [(into / name).stat().st_mode & 0o7777 for name in ("run.sh", "a.txt")] == [0o755, 0o644]


def test_what_was_there_is_replaced_and_what_else_there_is_stays(tmp_path: Path, into: Path) -> None:
    into.mkdir(parents=True)
    (into / "a.txt").write_text("old")
    (into / "other.txt").write_text("other")
    render(make_template(tmp_path / "t"), {}, into)
    assert [(into / name).read_text() for name in ("a.txt", "other.txt")] == ["T", "other"]


def test_twice_is_the_same(tmp_path: Path, into: Path) -> None:
    template = make_template(tmp_path / "t")
    assert render(template, {}, into) == render(template, {}, into)


def test_a_template_that_is_a_repository_is_taken_as_it_lies_there(tmp_path: Path, into: Path) -> None:
    """copier on its own would check out the newest tag, and not what the user sees in his folder."""
    repository = make_repository(tmp_path / "t")
    template = make_template(repository, a_dot_txt="tagged")
    commit_all(repository)
    git(repository, "tag", "v1")
    (repository / "template" / "a.txt").write_text("as it lies there")
    render(template, {}, into)
    assert (into / "a.txt").read_text() == "as it lies there"
    assert not (into / ".git").exists()


@pytest.mark.parametrize(
    "setting", ["_tasks: [touch /tmp/x]", "_jinja_extensions: [os.path]", "_external_data: {a: b}"]
)
def test_a_template_cannot_run_anything(tmp_path: Path, into: Path, setting: str) -> None:
    make_template(tmp_path / "t", setting + "\n")
    refused(tmp_path / "t", into, setting.split(":")[0])


def test_it_cannot_leave_by_its_subdirectory(tmp_path: Path, into: Path) -> None:
    make_template(tmp_path / "t")
    (tmp_path / "t" / "copier.yml").write_text("_subdirectory: ../..\n")
    refused(tmp_path / "t", into)


@pytest.mark.parametrize("name", ["{{ '..' }}", "{{ '../x' }}", "{{ '/tmp/escaped' }}"])
def test_it_cannot_leave_by_the_name_of_a_file(tmp_path: Path, into: Path, name: str) -> None:
    make_template(tmp_path / "t")
    path = tmp_path / "t" / "template" / name.replace("/", "_SLASH_")
    if "/" in name:
        (tmp_path / "t" / "copier.yml").write_text("_subdirectory: template\nway: " + repr(name[4:-4]) + "\n")
        path = tmp_path / "t" / "template" / "{{ way }}"
    path.write_text("x")
    refused(tmp_path / "t", into)


@pytest.mark.parametrize("preserve", ["true", "false"])
def test_it_cannot_bring_in_what_a_link_leads_to(tmp_path: Path, into: Path, preserve: str) -> None:
    (tmp_path / "secret").write_text("s3cret")
    make_template(tmp_path / "t", f"_preserve_symlinks: {preserve}\n")
    (tmp_path / "t" / "template" / "link").symlink_to(tmp_path / "secret")
    refused(tmp_path / "t", into, "link")


def test_it_cannot_make_a_link_that_leads_out(tmp_path: Path, into: Path) -> None:
    make_template(tmp_path / "t", "_preserve_symlinks: true\nway: ../../..\n")
    (tmp_path / "t" / "template" / "link.jinja").symlink_to("{{ way }}")
    refused(tmp_path / "t", into)


def test_a_link_within_stays_a_link_where_the_template_wants_it(tmp_path: Path, into: Path) -> None:
    make_template(tmp_path / "t", "_preserve_symlinks: true\n", a_dot_txt="x")
    (tmp_path / "t" / "template" / "link").symlink_to("a.txt")
    render(Template("t", tmp_path / "t", "test"), {}, into)
    assert (into / "link").readlink() == Path("a.txt")


def test_it_cannot_write_through_a_link_that_was_there_before(tmp_path: Path, into: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    into.mkdir(parents=True)
    (into / "src").symlink_to(outside)
    template = make_template(tmp_path / "t", src__a_dot_txt="x")
    with pytest.raises(BadTemplate, match=r"src/a\.txt"):
        render(template, {}, into)
    assert list(outside.iterdir()) == []


def test_a_link_in_the_place_of_a_file_is_replaced_not_followed(tmp_path: Path, into: Path) -> None:
    (tmp_path / "victim").write_text("whole")
    into.mkdir(parents=True)
    (into / "a.txt").symlink_to(tmp_path / "victim")
    render(make_template(tmp_path / "t"), {}, into)
    assert (tmp_path / "victim").read_text() == "whole"
    assert not (into / "a.txt").is_symlink()


def test_it_cannot_touch_the_repository(tmp_path: Path, into: Path) -> None:
    make_template(tmp_path / "t", "way: .git\n")
    (tmp_path / "t" / "template" / "{{ way }}").mkdir()
    (tmp_path / "t" / "template" / "{{ way }}" / "config").write_text("x")
    refused(tmp_path / "t", into, ".git")


def test_pipes_and_devices_are_refused(tmp_path: Path, into: Path) -> None:
    make_template(tmp_path / "t")
    os.mkfifo(tmp_path / "t" / "template" / "pipe")
    refused(tmp_path / "t", into, "pipe")


@pytest.mark.parametrize(
    "content", ["{{ nothing.at.all }}", "{% if %}", "{{ ''.__class__.__mro__[1].__subclasses__() }}"]
)
def test_what_jinja_refuses_is_said(tmp_path: Path, into: Path, content: str) -> None:
    make_template(tmp_path / "t", "", a_dot_txt_dot_jinja=content)
    refused(tmp_path / "t", into)


@pytest.mark.parametrize("settings", ["- a list\n", "title: [x\n", "a: !include x.yml\n"])
def test_a_copier_file_that_cannot_be_read_is_said(tmp_path: Path, into: Path, settings: str) -> None:
    make_template(tmp_path / "t")
    (tmp_path / "t" / "copier.yml").write_text(settings)
    refused(tmp_path / "t", into, "copier.yml")


def test_nothing_from_the_home_of_whoever_runs_hive_counts(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "settings.yml"
    config.write_text(f"defaults: {{title: from home}}\ntrust: ['{tmp_path}', '/']\n")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(config))
    render(make_template(tmp_path / "t"), {}, into)
    assert (into / "a.txt").read_text() == "T"
