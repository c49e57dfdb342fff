"""`python -m apps.specs.schema`: write specs/spec.schema.json and the tables of docs/specs.md."""

from __future__ import annotations

from pathlib import Path

from apps.specs.schema import json_schema, reference

ROOT = Path(__file__).resolve().parents[3]


def main() -> None:
    (ROOT / "specs" / "spec.schema.json").write_text(json_schema.text())
    document = ROOT / "docs" / "specs.md"
    document.write_text(reference.fill(document.read_text()))


if __name__ == "__main__":
    main()
