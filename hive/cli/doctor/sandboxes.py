"""Where commands run: which kinds of sandbox work here, and the Docker engine, which none needs yet."""

from __future__ import annotations

from hive import env
from hive.cli.doctor.finding import Finding, Level, fail, ok

ENGINE_PATIENCE_S = 2


def check_sandboxes() -> list[Finding]:
    from workers.sandbox import best_kind, kinds

    wanted = env.get("HIVE_SANDBOX") or best_kind()
    reports = kinds()
    known = {report.kind for report in reports if report.usable}
    found = [_describe(report.kind, report.usable, report.isolates, report.why, wanted) for report in reports]
    if wanted not in known:
        usable = ", ".join(sorted(known)) or "none"
        found += fail(
            "sandbox", f"HIVE_SANDBOX={wanted} cannot be used here", f"Use one of these: {usable}, or leave it empty."
        )
    return found


def _describe(kind: str, usable: bool, isolates: bool, why: str, wanted: str) -> Finding:
    """A kind that does not isolate is worth a warning only where it is the one that jobs get."""
    part = f"sandbox {kind}"
    if not usable:
        return Finding(part, Level.WARN, "cannot be used", why)
    used = ", used for jobs" if kind == wanted else ""
    if isolates:
        return Finding(part, Level.OK, f"works{used}")
    level = Level.WARN if kind == wanted else Level.OK
    return Finding(part, level, f"works{used}, does not isolate", why if kind == wanted else "")


def check_engine() -> list[Finding]:
    try:
        import docker

        client = docker.from_env(timeout=ENGINE_PATIENCE_S)
        try:
            version = client.version()["Version"]
        finally:
            client.close()
    except Exception as error:  # the SDK raises whatever its HTTP stack raises
        return ok("docker", f"no engine answers ({_shortest(error)}); not needed")
    return ok("docker", f"engine {version}")


def _shortest(error: BaseException) -> str:
    """The first cause's words: the SDK wraps `No such file or directory` in three sentences."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return getattr(error, "strerror", None) or str(error).partition("\n")[0][:80] or type(error).__name__
