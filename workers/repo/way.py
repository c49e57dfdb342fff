"""The way to a remote: which addresses Hive goes to, and what git is told so that it goes nowhere else.

A name is resolved here, once; every address that it stands for is checked, and git is told to connect to these alone
(`http.curloptResolve`): a name that answers differently the second time gains nothing. No redirect is followed, so the
password goes to the server that it was entered for. Name and password are in the environment of one git command, and
git is told in words, not in values, where to find them.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from workers.repo.errors import RemoteAway, RemoteRefused
from workers.repo.key import key_file
from workers.web.guard import Forbidden, Resolve, check, resolve

PORTS = {"https": 443, "http": 80, "ssh": 22}
NAME, PASSWORD = "HIVE_ORIGIN_USER", "HIVE_ORIGIN_PASSWORD"
HELPER = f'!f() {{ test "$1" = get && printf "username=%s\\npassword=%s\\n" "${NAME}" "${PASSWORD}"; }}; f'
WITHOUT_NAME = "hive"  # a token needs a name beside it; most servers do not ask which
CLOSED = (
    "protocol.allow=never",
    "http.followRedirects=false",
    "http.sslVerify=true",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
    "http.userAgent=Hive",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=no",
    "push.recurseSubmodules=no",
    "push.gpgSign=false",
    "core.askPass=",
)


@dataclass(frozen=True)
class Rules:
    """What the operator allows: `hosts` may lie in private networks and be asked without TLS, `folders` hold files."""

    hosts: frozenset[str] = frozenset()
    folders: tuple[Path, ...] = ()
    known_hosts: Path = Path(os.devnull)
    resolve: Resolve = field(default=resolve, repr=False)


@dataclass(frozen=True)
class Way:
    """Options for git, what is added to its environment, and the address as git gets it."""

    options: tuple[str, ...]
    given: dict[str, str] = field(repr=False)
    url: str


@contextmanager
def way_to(url: str, user: str, secret: str, rules: Rules) -> Iterator[Way]:
    """Raises RemoteRefused for what Hive does not go to, RemoteAway for a name that nobody knows at the moment."""
    parts = urlsplit(url)
    kind = KINDS.get(parts.scheme)
    if kind is None or parts.username is not None or parts.password is not None:
        raise RemoteRefused("An origin's address begins with https://, ssh:// or file://, and holds no password.")
    with kind(parts, user, secret, rules) as way:
        closed = (*CLOSED, f"protocol.{parts.scheme}.allow=always", *way.options)
        yield Way(tuple(word for one in closed for word in ("-c", one)), way.given, way.url)


@contextmanager
def _web(parts: SplitResult, user: str, secret: str, rules: Rules) -> Iterator[Way]:
    host, port = _place(parts)
    trusted = _is_trusted(host, port, rules)
    if parts.scheme == "http" and not trusted:
        raise RemoteRefused(
            f"http:// would show the password to everybody on the way. Use https://, or let the operator name "
            f"{host}:{port} in HIVE_GIT_HOSTS."
        )
    addresses = ",".join(_bracketed(one) for one in _addresses(host, port, trusted, rules))
    options = [f"http.curloptResolve={_bracketed(host)}:{port}:{addresses}"]
    given = {}
    if secret:
        options.append(f"credential.{parts.scheme}://{_bracketed(host)}:{port}.helper={HELPER}")
        given = {NAME: user or WITHOUT_NAME, PASSWORD: secret}
    if authority := os.environ.get("SSL_CERT_FILE"):
        given["GIT_SSL_CAINFO"] = authority
    # With its port always spelled out, the address is the one that the helper above is for.
    netloc = f"{_bracketed(host)}:{port}"
    yield Way(tuple(options), given, parts._replace(netloc=netloc).geturl())


@contextmanager
def _shell(parts: SplitResult, user: str, secret: str, rules: Rules) -> Iterator[Way]:
    """By ssh with a deploy key; a server that is met for the first time is remembered, and must stay the same."""
    host, port = _place(parts)
    address = _addresses(host, port, _is_trusted(host, port, rules), rules)[0]
    if not secret:
        raise RemoteRefused("An address with ssh:// needs a private key, which is entered as the origin's password.")
    with key_file(secret) as key:
        options = {
            "HostName": address,
            "HostKeyAlias": f"[{host}]:{port}",
            "CheckHostIP": "no",
            "IdentitiesOnly": "yes",
            "IdentityFile": str(key),
            "IdentityAgent": "none",
            "BatchMode": "yes",
            "StrictHostKeyChecking": "accept-new",
            "UserKnownHostsFile": str(rules.known_hosts),
            "GlobalKnownHostsFile": os.devnull,
            "ForwardAgent": "no",
            "ClearAllForwardings": "yes",
            "PermitLocalCommand": "no",
            "ProxyCommand": "none",
            "ConnectTimeout": "20",
            "ServerAliveInterval": "20",
        }
        words = ["ssh", "-F", os.devnull, *(word for item in options.items() for word in ("-o", "=".join(item)))]
        url = parts._replace(netloc=f"{user or 'git'}@{_bracketed(host)}:{port}").geturl()
        yield Way((), {"GIT_SSH_COMMAND": shlex.join(words), "GIT_SSH_VARIANT": "ssh"}, url)


@contextmanager
def _file(parts: SplitResult, _user: str, _secret: str, rules: Rules) -> Iterator[Way]:
    """Where the operator allows it: git reads such a repository's own configuration, as this user."""
    path = Path(unquote(parts.path)).resolve()
    if not any(path.is_relative_to(folder) for folder in rules.folders):
        raise RemoteRefused("This installation takes no repositories from its own disk there (HIVE_GIT_FOLDERS).")
    yield Way((), {}, f"file://{path}")


Kind = Callable[[SplitResult, str, str, Rules], AbstractContextManager[Way]]
KINDS: dict[str, Kind] = {"https": _web, "http": _web, "ssh": _shell, "file": _file}


def _place(parts: SplitResult) -> tuple[str, int]:
    try:
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    except ValueError:
        host, port = "", 0
    if not host or host.startswith("-"):
        raise RemoteRefused("The origin's address names no host that can be read.")
    return host, port


def _is_trusted(host: str, port: int, rules: Rules) -> bool:
    return host in rules.hosts or f"{host}:{port}" in rules.hosts or f"[{host}]:{port}" in rules.hosts


def _addresses(host: str, port: int, trusted: bool, rules: Rules) -> list[str]:
    try:
        found = rules.resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise RemoteAway(f"{host} is not a known name ({error}).") from None
    if not trusted:
        try:
            check(host, found)
        except Forbidden as error:
            raise RemoteRefused(f"{error} The operator can name it in HIVE_GIT_HOSTS.") from None
    return found


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
