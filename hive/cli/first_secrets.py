"""The verb `hive secrets`: makes what the parts of a composed Hive need to trust one another, at the first start.

Each part gets a folder of its own, so that each container sees its own secrets only. What is random is made once and
kept; what is derived from it (addresses, other programs' configuration) is written anew at each call, so that a call
that was killed half-way, or a password that was changed by hand, is put right by the next one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from hive.home import secret

PASSWORD_BYTES = 24
OURS, OTHERS = 0o600, 0o444  # others': read by the other program's own user, in a folder that no one else is shown
STORE_ACTIONS = ["Admin", "Read", "Write", "List", "Tagging"]


def secrets(
    folder: Annotated[Path, typer.Argument(help="Where: one folder below it per part.", show_default=False)],
) -> None:
    """Make the secrets of a composed Hive, once: passwords, keys, and the addresses that hold them.

    Nothing is printed, and nothing that is there is changed.
    """
    postgres = secret(folder / "postgres" / "password", PASSWORD_BYTES)
    valkey = secret(folder / "valkey" / "password", PASSWORD_BYTES)
    store = secret(folder / "store" / "secret_key", PASSWORD_BYTES)
    flower = secret(folder / "flower" / "password", PASSWORD_BYTES)
    secret(folder / "hive" / "secret_key", 48)
    _write(folder / "valkey" / "valkey.conf", _valkey_conf(valkey), OTHERS)
    _write(folder / "store" / "s3.json", _s3_json(store), OTHERS)
    _write(folder / "flower" / "auth", f"hive:{flower}")
    _write(folder / "hive" / "database_url", f"postgresql://hive:{postgres}@postgres:5432/hive")
    _write(folder / "hive" / "broker_url", f"redis://:{valkey}@valkey:6379/0")
    _write(folder / "hive" / "redis_url", f"redis://:{valkey}@valkey:6379/1")
    # links=hive: browsers cannot reach the store on the private network, so downloads go through the web server
    _write(folder / "hive" / "store_url", f"s3://hive:{store}@store:8333/hive?secure=0&links=hive")


def _valkey_conf(password: str) -> str:
    """Append-only: what was published survives a restart. Nothing may be evicted: messages are no cache."""
    options = {
        "requirepass": password,
        "bind": "*",
        "dir": "/data",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory-policy": "noeviction",
    }
    return "".join(f"{name} {value}\n" for name, value in options.items())


def _s3_json(secret_key: str) -> str:
    credentials = [{"accessKey": "hive", "secretKey": secret_key}]
    return json.dumps({"identities": [{"name": "hive", "credentials": credentials, "actions": STORE_ACTIONS}]})


def _write(path: Path, text: str, mode: int = OURS) -> None:
    """All of it or nothing, and never readable by more than `mode` says, not for a moment."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=OURS)
    fresh.write_text(text)
    fresh.chmod(mode)
    fresh.replace(path)
