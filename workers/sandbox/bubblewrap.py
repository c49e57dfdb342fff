"""Kind `bubblewrap`: own namespaces, a read-only system, nothing of the host's but its programs.

Hive as an ordinary user: bwrap makes a user namespace, in which commands are user 1000 and cannot make another one.
Hive as root: no user namespace is needed. bwrap keeps the few capabilities that the keeper needs; each command is
put under an unprivileged user of the sandbox's own before it starts, because RLIMIT_NPROC never binds root.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

from workers.sandbox import identity
from workers.sandbox.folders import Folders, make_own
from workers.sandbox.identity import User
from workers.sandbox.port import MIB, WORKSPACE, Limits, Programs, SandboxError
from workers.sandbox.setup import LocalKind, Setup
from workers.sandbox.starting import INSIDE, command_of

_HOME = "/home/job"
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
_SHARED_MEMORY_BYTES = 256 * MIB
_INSIDE_AT = "/run/hive"
_PROGRAMS_AT = f"{_INSIDE_AT}/programs"
_NONE: Programs = MappingProxyType({})
# What programs need of /etc, and nothing that could be a secret. Missing ones are skipped.
_ETC = [
    *("alternatives", "ca-certificates", "debian_version", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d"),
    *("localtime", "magic", "mime.types", "os-release", "pki/ca-trust", "pki/tls/certs", "protocols", "services"),
    *("ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone"),
]
_ETC_WITH_NETWORK = ["resolv.conf"]
# change user, signal commands, look at their memory and open files, count files in folders that they closed
_KEEPER_CAPABILITIES = {"CAP_SETUID": 7, "CAP_SETGID": 6, "CAP_KILL": 5, "CAP_SYS_PTRACE": 19, "CAP_DAC_READ_SEARCH": 2}


def arrange(folders: Folders, limits: Limits, user: User | None, programs: Programs = _NONE) -> Setup:
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SandboxError("bwrap is not installed.", permanent=True)
    sized = "--size" in _options(bwrap)
    argv = [
        bwrap,
        *_namespaces(limits, user, bwrap),
        *_folders(),
        *_system(),
        *_programs(programs),
        *_etc(folders, limits, user),
        *_devices(folders, user, sized),
        *_own_places(folders, limits, sized),
        *("--remount-ro", "/", "--chdir", "/", "--"),
        *command_of("keeper", _INSIDE_AT),
    ]
    return Setup(
        argv=argv,
        workspace=WORKSPACE,
        home=_HOME,
        tmp="/tmp",  # noqa: S108 - the sandbox's own
        path=f"{_path()}:{_PROGRAMS_AT}" if programs else _path(),
        plain=False,
        own_pids=True,
        own_loopback=not limits.network,
        counts_alone=True,
        on_disk=[WORKSPACE, _HOME, *([] if sized else ["/tmp", "/dev/shm"])],  # noqa: S108
        in_memory=["/tmp", "/dev/shm"] if sized else [],  # noqa: S108
    )


@functools.cache
def _options(bwrap: str) -> str:
    """The options this bwrap knows; --size came with 0.7, --disable-userns with 0.8."""
    return subprocess.run([bwrap, "--help"], capture_output=True, text=True, check=False).stdout


def _namespaces(limits: Limits, user: User | None, bwrap: str) -> list[str]:
    argv = ["--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--as-pid-1", "--new-session"]
    argv += ["--hostname", "sandbox", "--cap-drop", "ALL"]
    if not limits.network:
        argv.append("--unshare-net")
    if user:
        for name in _held(_KEEPER_CAPABILITIES):
            argv += ["--cap-add", name]
        return argv
    argv += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
    return [*argv, "--disable-userns"] if _may_forbid_namespaces(bwrap) else argv


def _may_forbid_namespaces(bwrap: str) -> bool:
    """bwrap counts them down in /proc/sys, which Docker makes read-only. Commands are forbidden them in any case
    (inside/namespaces.py); this is the second lock."""
    return "--disable-userns" in _options(bwrap) and not os.statvfs("/proc/sys").f_flag & os.ST_RDONLY


def _held(wanted: dict[str, int]) -> list[str]:
    """Those of the capabilities that Hive has itself: root in a container lacks some."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            held = int(line.split()[1], 16)
            return [name for name, number in wanted.items() if held >> number & 1]
    return []


def _folders() -> list[str]:
    """bwrap makes the folders above a mount point by itself, but closed to everyone except their owner."""
    points = [Path("/etc", name) for name in _ETC] + [Path(_INSIDE_AT, "inside"), Path(_HOME)]
    if prefix := _python_prefix():
        points.append(Path(prefix))
    above = {os.fspath(folder) for point in points for folder in point.parents}
    return [word for folder in sorted(above - {"/"}) for word in ("--dir", folder)]


def _system() -> list[str]:
    argv = ["--ro-bind", "/usr", "/usr"]
    for folder in (Path("/") / name for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32")):
        if folder.is_symlink():
            argv += ["--symlink", os.fspath(folder.readlink()), os.fspath(folder)]
        elif folder.is_dir():
            argv += ["--ro-bind", os.fspath(folder), os.fspath(folder)]
    prefix = _python_prefix()
    if prefix:
        argv += ["--ro-bind", prefix, prefix]
    return [*argv, "--ro-bind", os.fspath(INSIDE), f"{_INSIDE_AT}/inside"]


def _programs(programs: Programs) -> list[str]:
    argv = ["--dir", _PROGRAMS_AT] if programs else []
    for name, file in programs.items():
        argv += ["--ro-bind", os.path.realpath(file), f"{_PROGRAMS_AT}/{name}"]
    return argv


def _python_prefix() -> str:
    """Where Hive's Python lies, if not in /usr: commands need a python3. Nothing else of a home may come with it."""
    prefix = Path(os.path.realpath(sys.base_prefix))
    if prefix.is_relative_to("/usr"):
        return ""
    if Path.home().resolve().is_relative_to(prefix):
        raise SandboxError(f"Python lies in {prefix} itself, which a sandbox must not show.", permanent=True)
    return os.fspath(prefix)


def _path() -> str:
    prefix = _python_prefix()
    return f"{prefix}/bin:{_SYSTEM_PATH}" if prefix else _SYSTEM_PATH


def _etc(folders: Folders, limits: Limits, user: User | None) -> list[str]:
    uid = user.uid if user else 1000
    made = {
        "passwd": f"root:x:0:0:root:/root:/usr/sbin/nologin\njob:x:{uid}:{uid}:job:{_HOME}:/bin/sh\n",
        "group": f"root:x:0:\njob:x:{uid}:\n",
        "hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        "hostname": "sandbox\n",
    }
    argv = []
    folders.etc.mkdir(mode=0o755, exist_ok=True)
    for name, text in made.items():
        file = folders.etc / name
        file.write_text(text)
        file.chmod(0o644)
        argv += ["--ro-bind", os.fspath(file), f"/etc/{name}"]
    for name in (*_ETC, *(_ETC_WITH_NETWORK if limits.network else ())):
        argv += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return argv


def _devices(folders: Folders, user: User | None, sized: bool) -> list[str]:
    """/dev itself is made read-only: it is a tmpfs without a limit, and in a user namespace it belongs to the job."""
    if sized:
        shm = _in_memory("/dev/shm", _SHARED_MEMORY_BYTES)  # noqa: S108
    else:
        make_own(folders.shm, user)
        shm = ["--bind", os.fspath(folders.shm), "/dev/shm"]  # noqa: S108
    return ["--proc", "/proc", "--dev", "/dev", *shm, "--remount-ro", "/dev"]


def _own_places(folders: Folders, limits: Limits, sized: bool) -> list[str]:
    tmp = _in_memory("/tmp", limits.tmp_bytes) if sized else ["--bind", os.fspath(folders.tmp), "/tmp"]  # noqa: S108
    workspace, home = os.fspath(folders.workspace), os.fspath(folders.home)
    var = ["--dir", "/var", "--symlink", "/tmp", "/var/tmp", "--symlink", "/run", "/var/run"]  # noqa: S108
    return [*tmp, "--bind", workspace, WORKSPACE, "--bind", home, _HOME, *var]


def _in_memory(place: str, size_bytes: int) -> list[str]:
    return ["--perms", "1777", "--size", str(size_bytes), "--tmpfs", place]


def _hint(complaint: str) -> str:
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed: apt-get install bubblewrap (or dnf, pacman, apk)."
    if "uid map" in complaint or "RTM_NEWADDR" in complaint:
        return (
            f"{complaint} User namespaces are restricted to some programs:"
            " sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap."
        )
    if "namespace" in complaint or "not permitted" in complaint:
        return (
            f"{complaint} This user may not make namespaces: sysctl -w kernel.unprivileged_userns_clone=1 and"
            " user.max_user_namespaces=10000; in a container, it has to be started with permission for it."
        )
    return complaint


KIND = LocalKind(
    name="bubblewrap",
    isolates=True,
    hint=_hint,
    user=lambda _scratch: identity.choose(),
    warning=lambda _user: "",
    arrange=arrange,
)
