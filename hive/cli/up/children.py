"""Which processes an embedded Hive is made of."""

from __future__ import annotations

from hive import env
from hive.cli import flower, programs, valkey
from hive.cli.up.child import Answer, Child, http_get
from hive.cli.up.installation import Installation

STEADY_QUEUES = "manager,deployment,monitoring"
BUILD_QUEUES = "coding,testing"
ROOM_FOR_NAMES = "-" * 300  # forks write their own command line over that of the warm process


def children(installation: Installation) -> tuple[Child, ...]:
    """The table of `hive up`, in the order in which they are shown."""
    servers = _valkey(installation)
    broker = tuple(child.name for child in servers)
    prepared = (*broker, "prepare")
    return (
        *servers,
        *_warm(installation),
        Child("prepare", programs.prepare(), needs=broker, once=True),
        _web(installation),
        _host(installation),
        _worker("steady", STEADY_QUEUES, 2, prepared),
        _worker("build", BUILD_QUEUES, env.get("HIVE_WORKERS"), prepared),
        Child("beat", programs.beat(), needs=prepared, warm=True, grace_s=3),
        *_flower(installation, prepared),
    )


def _valkey(installation: Installation) -> tuple[Child, ...]:
    """None where both of its uses have a server of their own."""
    if env.get("HIVE_BROKER_URL") and env.get("HIVE_REDIS_URL"):
        return ()
    home = installation.home
    socket = home.socket("valkey")
    argv = valkey.command(valkey.binary(), home.valkey, socket)
    return (Child("valkey", argv, ready=Answer(str(socket), b"PING\r\n", b"+PONG"), grace_s=10),)


def _warm(installation: Installation) -> tuple[Child, ...]:
    """None where somebody works on Hive itself: a part that is ended then comes back with the code as it is now."""
    if env.get("HIVE_DEBUG"):
        return ()
    socket = str(installation.home.socket("warm"))
    argv = (*programs.PYTHON, "hive.cli.up.warm", socket, "hive.preload", ROOM_FOR_NAMES)
    return (Child("warm", argv, ready=Answer(socket), grace_s=1),)


def _web(installation: Installation) -> Child:
    listener = installation.listener
    return Child(
        "web",
        programs.web(listener, drain_s=2),
        ready=http_get(installation.reachable, installation.port, "/readyz", installation.host_header),
        gate=True,
        warm=True,
        files=(listener,),
    )


def _host(installation: Installation) -> Child:
    socket = str(installation.home.socket("host"))
    return Child("host", programs.host(installation.home), ready=Answer(socket), grace_s=8)


def _worker(name: str, queues: str, processes: int, needs: tuple[str, ...]) -> Child:
    """A Celery worker. Its grace is short: a job that is cut off comes back by its lease."""
    argv = programs.worker(name, queues, processes)
    # The host ends after them: a monitor must not see releases go down and take it for an incident.
    return Child(name, argv, needs=needs, ends_before=("host",), warm=True, grace_s=3)


def _flower(installation: Installation, needs: tuple[str, ...]) -> tuple[Child, ...]:
    """None unless it is asked for: it costs 60 MB. A program of its own: its imports would burden the warm process."""
    port = env.get("HIVE_FLOWER_PORT")
    if not port:
        return ()
    argv = programs.flower(installation.bind, port)
    environment = flower.authentication(installation.home)
    return (Child("flower", argv, environment=environment, needs=needs, grace_s=3),)
