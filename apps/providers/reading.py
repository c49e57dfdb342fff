"""Read models.yaml: which models there are, and which role asks which."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Annotated

import yaml
from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

LARGEST_BYTES = 256 * 1024
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+/\S+$")]


class BadModels(ValueError):
    """The file of models cannot be read; the message says where and why, and holds no value of a key."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DescribedPrice(_Part):
    """US dollars per million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(None, ge=0)


class Described(_Part):
    """One model, as the file has it. Its key stands there, in a variable of the environment, or in another file."""

    name: str = ""
    model: ModelName
    api_key: str = Field("", repr=False)
    api_key_env: str = ""
    api_key_file: str = ""
    api_base: Annotated[str, StringConstraints(pattern=r"^(https?://\S+)?$")] = ""
    price: DescribedPrice | None = None
    max_output_tokens: int = Field(8192, ge=1)
    stall_s: float = Field(120, ge=1)

    @property
    def key(self) -> str:
        """Raises BadModels."""
        if self.api_key_file:
            try:
                return Path(self.api_key_file).expanduser().read_text().strip()
            except OSError as error:
                raise BadModels(f"{self.name}: {self.api_key_file} cannot be read ({error.strerror}).") from None
        return os.environ.get(self.api_key_env, "") if self.api_key_env else self.api_key


class _File(_Part):
    providers: dict[Name, Described] = {}
    roles: dict[str, list[str]] = {}

    @model_validator(mode="after")
    def _roles_name_what_there_is(self) -> _File:
        for role, names in self.roles.items():
            if role not in ("default", "manager", "coding", "testing"):
                raise ValueError(f"roles: there is no role {role!r}; use default, manager, coding or testing")
            if missing := [name for name in names if name not in self.providers]:
                raise ValueError(f"roles.{role}: {missing[0]!r} is not among the providers of this file")
        return self


class Models(_Part):
    """What the file says; nothing where there is none."""

    providers: tuple[Described, ...] = ()
    roles: dict[str, list[str]] = {}


def read_file() -> Models:
    """The file as it is now; read again when it changes. Raises BadModels."""
    path: Path = settings.MODELS_FILE
    try:
        seen = path.stat()
    except OSError as error:
        if settings.MODELS_FILE_NAMED:
            raise BadModels(f"HIVE_MODELS={path}: it cannot be read ({error.strerror}).") from None
        return Models()
    return _read(path, seen.st_mtime_ns, seen.st_size)


@functools.lru_cache(maxsize=4)
def _read(path: Path, _changed: int, size: int) -> Models:
    if size > LARGEST_BYTES:
        raise BadModels(f"{path}: it is larger than {LARGEST_BYTES // 1024} KiB.")
    try:
        found = _File.model_validate(yaml.safe_load(path.read_text()) or {})
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise BadModels(f"{path}{where}: {getattr(error, 'problem', None) or 'it is not YAML'}.") from None
    except ValidationError as error:
        raise BadModels(f"{path}: {_first(error)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadModels(f"{path}: it cannot be read ({error}).") from None
    providers = tuple(one.model_copy(update={"name": name}) for name, one in found.providers.items())
    return Models(providers=providers, roles=found.roles)


def _first(error: ValidationError) -> str:
    one = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in one["loc"])
    said = one["msg"].removeprefix("Value error, ")
    return f"{where + ': ' if where else ''}{said}."
