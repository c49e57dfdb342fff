"""Values to YAML that reads back the same, with this reader (YAML 1.2) and with those of other programs (1.1)."""

from __future__ import annotations

import re
from typing import Any

import yaml

from apps.specs.reading import scalars

Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(Dumper):
    """Quotes what either version of YAML would take for something else than text. Never writes an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _text(dumper: Any, value: str) -> Any:
    style = "|" if "\n" in value and _fits_block(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _fits_block(value: str) -> bool:
    return not re.search(r"[^\n -~\xa0-\ud7ff]|[ ]\n|^\s", value)


_Dumper.add_representer(str, _text)
for pattern, first in ((scalars.OCTAL, "0"), (scalars.FLOAT, "-+.0123456789"), (scalars.INTEGER, "-+0123456789")):
    whole = re.compile(f"(?:{pattern.pattern})$")
    _Dumper.add_implicit_resolver("tag:hive,spec:number", whole, list(first))


def to_yaml(value: Any) -> str:
    """One document, keys in their own order, long texts as blocks."""
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110))
