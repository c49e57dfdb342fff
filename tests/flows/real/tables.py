"""The real table of `hive up`, with another module to preload."""

from dataclasses import replace
from pathlib import Path

from hive.cli.up.child import Child
from hive.cli.up.children import children
from hive.cli.up.installation import Installation

ROOT = str(Path(__file__).resolve().parents[3])


def _preloading(installation: Installation, module: str) -> tuple[Child, ...]:
    return tuple(_with(child, module) if "hive.preload" in child.argv else child for child in children(installation))


def _with(warm: Child, module: str) -> Child:
    argv = tuple(module if word == "hive.preload" else word for word in warm.argv)
    return replace(warm, argv=argv, environment={**warm.environment, "PYTHONPATH": ROOT})


def trapped(installation: Installation) -> tuple[Child, ...]:
    return _preloading(installation, "tests.flows.real.trapped")


def doubled(installation: Installation) -> tuple[Child, ...]:
    return _preloading(installation, "tests.flows.real.doubled")
