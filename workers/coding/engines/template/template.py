"""One template: a folder with copier.yml (its questions) and template.yaml (title, how it is deployed)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from apps.specs.schema import DeployDefaults
from workers.coding.engines.template.errors import BadTemplate

QUESTION_FILES = ("copier.yml", "copier.yaml")
ABOUT_FILE = "template.yaml"
MAX_ABOUT_BYTES = 256 * 1024


class About(BaseModel):
    """What template.yaml may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    description: str = ""
    deploy: DeployDefaults = DeployDefaults()


@dataclass(frozen=True)
class Question:
    """A value that a spec may give: `values: {name: …}`. `default` is as written by the template, so maybe Jinja."""

    name: str
    type: str
    default: Any
    help: str
    required: bool


@dataclass(frozen=True)
class Template:
    """A template that was found. Reading its files waits until somebody asks; BadTemplate says what is wrong there."""

    name: str
    path: Path
    source: str

    @cached_property
    def about(self) -> About:
        path = self.path / ABOUT_FILE
        data = read_yaml(path) if path.exists() else {}
        try:
            return About.model_validate(data or {})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise BadTemplate(f"Template {self.name}: {ABOUT_FILE}: {where}: {first['msg']}.") from None

    @property
    def title(self) -> str:
        return self.about.title or self.name

    @property
    def description(self) -> str:
        return self.about.description

    @property
    def deploy(self) -> DeployDefaults:
        """How its product is deployed, where the spec does not say."""
        return self.about.deploy

    @cached_property
    def settings(self) -> dict[str, Any]:
        """All of copier.yml."""
        data = read_yaml(question_file(self.path) or self.path / QUESTION_FILES[0])
        if not isinstance(data, dict):
            raise BadTemplate(f"Template {self.name}: copier.yml must hold keys and values.")
        return {str(key): value for key, value in data.items()}

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        return tuple(_question(key, value) for key, value in self.settings.items() if not key.startswith("_"))


def question_file(folder: Path) -> Path | None:
    """The file that makes a folder a template."""
    return next((folder / name for name in QUESTION_FILES if (folder / name).is_file()), None)


def read_yaml(path: Path) -> Any:
    """A small YAML file of a template, plain values only."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_ABOUT_BYTES + 1)
        if len(content) > MAX_ABOUT_BYTES:
            raise BadTemplate(f"{path.name} is larger than {MAX_ABOUT_BYTES:,} bytes.")
        return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe loaders
    except OSError as error:
        raise BadTemplate(f"{path.name} cannot be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        raise BadTemplate(f"{path.name} is no plain YAML: {error}") from None


def _question(name: str, value: Any) -> Question:
    """copier's two forms: `name: default`, and `name: {type, default, help …}`."""
    if not isinstance(value, dict):
        return Question(name, type(value).__name__ if value is not None else "str", value, "", required=False)
    default = value.get("default")
    kind = str(value.get("type") or (type(default).__name__ if default is not None else "str"))
    return Question(name, kind, default, str(value.get("help", "")), required="default" not in value)
