"""The specs that Hive ships, the JSON Schema and the reference: each says what the code says."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from apps.specs.schema import json_schema, reference
from apps.specs.validate import check, check_file

CREATE_BLOG = """\
id: task-001
title: Create blog website
owner: manager
priority: high
inputs:
  - type: template
    name: simple-static
outputs:
  - path: /workspace/tasks/task-001/src
acceptance:
  - url: http://devsite:8080
  - should_respond: 200
tests:
  - run: ./run-tests.sh
"""
NAMES = ("create-blog", "diamond", "failing-tests", "approve-before-deploy", "docker-service", "compose-stack")
REMEDY = "run `python -m apps.specs.schema`"


@pytest.fixture(params=NAMES)
def sample(request: pytest.FixtureRequest, root: Path) -> Path:
    return root / "specs" / f"{request.param}.yaml"


def test_every_sample_is_valid(sample: Path) -> None:
    checked = check_file(sample)
    assert [str(problem) for problem in checked.problems] == []
    assert checked.spec is not None


def test_every_sample_fits_the_json_schema(sample: Path) -> None:
    jsonschema.Draft202012Validator(json_schema.document()).validate(yaml.safe_load(sample.read_text()))


def test_no_sample_is_left_untested(root: Path) -> None:
    assert {path.stem for path in (root / "specs").glob("*.yaml")} == set(NAMES)


def test_create_blog_is_exactly_the_text_that_was_promised(root: Path) -> None:
    assert (root / "specs" / "create-blog.yaml").read_text() == CREATE_BLOG


def test_create_blog_means_what_it_says(root: Path) -> None:
    spec = check_file(root / "specs" / "create-blog.yaml").spec
    assert spec is not None
    (task,) = spec.tasks
    assert (task.id, task.template and task.template.name, task.tests[0].run) == (
        "task-001",
        "simple-static",
        "./run-tests.sh",
    )
    assert [(check.url, check.status) for check in spec.acceptance] == [("http://devsite:8080", 200)]
    assert (spec.deploy and spec.deploy.environment, spec.deploy and spec.deploy.port) == ("devsite", 8080)
    assert spec.deploy_source is not None
    assert spec.deploy_dir == "/workspace/tasks/task-001"


def test_the_diamond_is_one(root: Path) -> None:
    spec = check_file(root / "specs" / "diamond.yaml").spec
    assert spec is not None
    first, left, right, last = spec.tasks
    assert (left.depends_on, right.depends_on) == ((first.id,), (first.id,))
    assert set(last.depends_on) == {left.id, right.id}


def test_the_gate_is_before_the_deployment(root: Path) -> None:
    spec = check_file(root / "specs" / "approve-before-deploy.yaml").spec
    assert spec is not None
    assert spec.gates == ("before_deploy",)


def test_the_json_schema_is_up_to_date(root: Path) -> None:
    assert (root / "specs" / "spec.schema.json").read_text() == json_schema.text(), REMEDY


def test_the_reference_is_up_to_date(root: Path) -> None:
    document = (root / "docs" / "specs.md").read_text()
    assert document == reference.fill(document), REMEDY


def test_the_reference_has_every_table(root: Path) -> None:
    document = (root / "docs" / "specs.md").read_text()
    assert {name for name in reference.TABLES if f"<!-- keys: {name} -->" in document} == set(reference.TABLES)


def test_every_whole_spec_in_the_reference_is_valid(root: Path) -> None:
    document = (root / "docs" / "specs.md").read_text()
    examples = [part.split("```")[0] for part in document.split("```yaml\n")[1:]]
    whole = [text for text in examples if text.startswith("id:")]
    assert len(whole) >= 2
    assert [[str(problem) for problem in check(text).problems] for text in whole] == [[] for _ in whole]


def test_the_json_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema.document())
    assert json.loads(json_schema.text()) == json_schema.document()
