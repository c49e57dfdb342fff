"""The kinds of value that a spec holds. Each carries its rule and what the JSON Schema says of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StrictBool, StringConstraints, WithJsonSchema

from apps.specs.schema import rules

Line = Annotated[
    str,
    StringConstraints(strict=True, max_length=200),
    AfterValidator(rules.not_blank),
    rules.matches(r"[^\x00-\x1f\x7f]*", "one line of text", "Write one line, without control characters."),
]
Text = Annotated[str, StringConstraints(strict=True, max_length=200_000)]
Sentence = Annotated[str, StringConstraints(strict=True, max_length=2000), AfterValidator(rules.not_blank)]
Command = Annotated[str, StringConstraints(strict=True, max_length=10_000), AfterValidator(rules.not_blank)]
Content = Annotated[str, StringConstraints(strict=True)]
Needle = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1000)]

ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}"
Id = Annotated[
    str,
    StringConstraints(strict=True),
    rules.matches(ID_PATTERN, "an id", "Use up to 60 letters, digits, `-` and `_`, a letter or digit first."),
    WithJsonSchema({"type": "string", "pattern": f"^{ID_PATTERN}$"}),
]
SLUG_PATTERN = r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?"
Slug = Annotated[
    str,
    StringConstraints(strict=True),
    rules.matches(SLUG_PATTERN, "a slug", "Use up to 60 lower-case letters, digits and hyphens."),
    WithJsonSchema({"type": "string", "pattern": f"^{SLUG_PATTERN}$"}),
]
TEMPLATE_PATTERN = r"[a-z0-9][a-z0-9_-]{0,59}"
TemplateName = Annotated[
    str,
    StringConstraints(strict=True),
    rules.matches(
        TEMPLATE_PATTERN, "a template's name", "It is a name from the catalogue, such as simple-static; no path."
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{TEMPLATE_PATTERN}$"}),
]
HOST_PATTERN = r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?"
HostName = Annotated[
    str,
    StringConstraints(strict=True),
    rules.matches(HOST_PATTERN, "an environment's name", "Use up to 40 lower-case letters, digits and hyphens."),
    WithJsonSchema({"type": "string", "pattern": f"^{HOST_PATTERN}$"}),
]
SERVICE_PATTERN = r"[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?"
ServiceName = Annotated[
    str,
    StringConstraints(strict=True),
    rules.matches(SERVICE_PATTERN, "a service's name", "Use up to 40 lower-case letters, digits, `-` and `_`."),
    WithJsonSchema({"type": "string", "pattern": f"^{SERVICE_PATTERN}$"}),
]
SEALED_NAME_PATTERN = r"[A-Z][A-Z0-9_]{0,59}"
VARIABLE_PATTERN = r"(?!PORT$|HIVE_)[A-Za-z_][A-Za-z0-9_]{0,99}"
Variable = Annotated[
    str,
    StringConstraints(strict=True),
    rules.matches(
        VARIABLE_PATTERN, "a variable that you may set", "Use letters, digits and `_`; PORT and HIVE_… are set by Hive."
    ),
]

SecretName = Annotated[
    str,
    StringConstraints(strict=True),
    rules.matches(SEALED_NAME_PATTERN, "a secret's name", "Use A-Z, 0-9 and `_`, as the project's secrets are named."),
]

IMAGE_PATTERN = r"[a-z0-9][A-Za-z0-9._:/@-]{0,254}"
Image = Annotated[
    str,
    StringConstraints(strict=True),
    rules.matches(IMAGE_PATTERN, "an image's name", "Write it as docker does, such as python:3.11-slim-bookworm."),
    WithJsonSchema({"type": "string", "pattern": f"^{IMAGE_PATTERN}$"}),
]

Seconds = Annotated[
    float,
    BeforeValidator(rules.duration),
    WithJsonSchema({"type": ["number", "string"], "examples": [90, "10m", "1h30m"]}),
]
Bytes = Annotated[
    int, BeforeValidator(rules.size), WithJsonSchema({"type": ["integer", "string"], "examples": ["512MB", "2GiB"]})
]
Number = Annotated[float, BeforeValidator(rules.number)]
Whole = Annotated[int, BeforeValidator(rules.whole)]
Flag = StrictBool

Path = Annotated[str, StringConstraints(strict=True, min_length=1), AfterValidator(rules.below_workspace)]
Folder = Annotated[str, StringConstraints(strict=True, min_length=1), AfterValidator(rules.in_workspace)]
RelativePath = Annotated[str, StringConstraints(strict=True, min_length=1), AfterValidator(rules.relative)]
UrlPath = Annotated[str, StringConstraints(strict=True, max_length=1000), AfterValidator(rules.url_path)]
Url = Annotated[str, StringConstraints(strict=True, max_length=1000), AfterValidator(rules.url)]
