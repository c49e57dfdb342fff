"""Where commands run: which kinds of sandbox work here, and whether the Docker engine keeps its word."""

from __future__ import annotations

from hive import env
from hive.cli.doctor.finding import Finding, Level, fail, ok, warn

PULL = "docker pull {image}, or set HIVE_DOCKER_IMAGE to one that the engine has."


def check_sandboxes() -> list[Finding]:
    """The kinds of this machine; check_engine looks at the one that is not."""
    from workers.sandbox import best_kind, local_kinds

    wanted = env.get("HIVE_SANDBOX") or best_kind()
    reports = local_kinds()
    known = {"docker", *(report.kind for report in reports if report.usable)}
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
    """Whether it answers, which version; and whether its limits hold, by a container that tries to pass them."""
    from workers.sandbox.docker import trial
    from workers.sandbox.docker.engine import EngineAway, shortest

    wanted = env.get("HIVE_SANDBOX") == "docker"
    try:
        version = trial.version()
    except EngineAway as error:
        if not wanted:
            return ok("docker", f"no engine answers ({shortest(error)}); not needed")
        to_do = "Start it; let this user use its socket (usermod -aG docker USER); or set DOCKER_HOST."
        return fail("docker", f"no engine answers ({shortest(error)})", to_do)
    return [*ok("docker", f"engine {version}"), *_try_out(wanted)]


def _try_out(wanted: bool) -> list[Finding]:
    from workers.sandbox.docker import trial
    from workers.sandbox.docker.engine import Engine
    from workers.sandbox.docker.images import ImageMissing
    from workers.sandbox.port import SandboxError

    part, image = "sandbox docker", env.get("HIVE_DOCKER_IMAGE")
    complain = fail if wanted else warn
    try:
        seen = trial.attempt(Engine(image=image))
    except ImageMissing as error:
        pulled = env.get("HIVE_DOCKER_PULL") != "never"
        say = warn if wanted and pulled else complain if wanted else ok
        return say(part, f"not tried: {error}", PULL.format(image=image))
    except SandboxError as error:
        return complain(part, f"cannot be used: {error}", "See the engine's own log; then run `hive doctor` again.")
    if not seen.held:
        held = "Its kernel lacks control groups, or it runs without root: jobs could harm each other. Use bubblewrap."
        return complain(part, f"limits do not hold: {'; '.join(seen.complaints)}", held)
    used = ", used for jobs" if wanted else ""
    disk = "by quota" if seen.disk_quota else "by looking, one file by the kernel"
    return ok(part, f"works{used}; memory, processes, network and privileges were tried and hold; disk {disk}")
