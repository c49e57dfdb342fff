"""Settings, models, the port, and what the machine allows one process."""

from __future__ import annotations

import os
import resource
from difflib import get_close_matches
from pathlib import Path

from hive import env
from hive.cli.doctor.finding import Finding, Level, fail, ok, warn
from hive.cli.failure import Failure
from hive.cli.up import ports, state
from hive.home import Home

OPEN_FILES = 1024
MEMORY_KB = 512 * 1024


def check_settings() -> list[Finding]:
    """Values that cannot be read, and names that Hive does not know: misspelt, most likely."""
    found = []
    for name in env.SETTINGS:
        try:
            env.get(name)
        except env.BadSetting as error:
            found += fail("settings", str(error), f"Correct {name}, or unset it.")
    for name in sorted(os.environ):
        if name.startswith("HIVE_") and name.removesuffix("_FILE") not in env.SETTINGS:
            near = get_close_matches(name, env.SETTINGS, n=1)
            found += warn(
                "settings", f"{name} is not a setting of Hive", f"Did you mean {near[0]}?" if near else "Unset it."
            )
    return found or ok("settings", f"{sum(name in os.environ for name in env.SETTINGS)} set, all can be read")


def check_model() -> list[Finding]:
    model = ", ".join(env.get("HIVE_MODEL"))
    if not model:
        return ok(
            "model",
            "none configured; specs with templates need none",
            "To build from a story: set HIVE_MODEL=provider/name and HIVE_MODEL_API_KEY.",
        )
    if not env.get("HIVE_MODEL_API_KEY") and not env.get("HIVE_MODEL_API_BASE"):
        return warn(
            "model",
            f"{model}, without a key",
            "Set HIVE_MODEL_API_KEY, or HIVE_MODEL_API_BASE for a model of your own.",
        )
    return ok("model", model)


def check_port(home: Home) -> list[Finding]:
    running = state.running(home)
    if running:
        return ok("port", f"Hive runs at {running['url']}")
    port = env.get("HIVE_PORT")
    try:
        descriptor, _ = ports.listen(env.get("HIVE_BIND"), port)
    except Failure as failure:
        return warn("port", str(failure), "Set HIVE_PORT, or start with `hive up --port`.")
    os.close(descriptor)
    return ok("port", f"{port} is free")


def check_limits() -> list[Finding]:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    level = Level.OK if files >= OPEN_FILES or files == resource.RLIM_INFINITY else Level.WARN
    seen = "no limit" if files == resource.RLIM_INFINITY else f"{files} at once"
    return [Finding("open files", level, seen, "" if level is Level.OK else f"ulimit -n {OPEN_FILES}"), *_memory()]


def _memory() -> list[Finding]:
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        free_kb = int(lines["MemAvailable"].split()[0])
    except (OSError, ValueError, KeyError):
        return []
    seen = f"{free_kb // 1024} MB available"
    if free_kb < MEMORY_KB:
        return warn("memory", seen, "Hive needs some 450 MB beside what the jobs need: end other programs.")
    return ok("memory", seen)
