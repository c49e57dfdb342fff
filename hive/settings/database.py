"""SQLite in HIVE_HOME, or PostgreSQL by address."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hive import env
from hive.home import Home

# Of every session on PostgreSQL; what the address says (?connect_timeout=10) goes over them. The reasons stand in
# docs/decisions.md. Migrations may take longer than a statement may (hive/wiring.py).
LIMITS_MS = {"statement_timeout": 30_000, "lock_timeout": 10_000, "idle_in_transaction_session_timeout": 60_000}
# What a list shows lies together at the end of an index, in memory; the usual value is that of a spinning disk.
PLANS = {"random_page_cost": 1.1}
SESSION: dict[str, Any] = {
    "application_name": "hive",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "options": " ".join(f"-c {name}={value}" for name, value in {**LIMITS_MS, **PLANS}.items()),
}


def from_url(url: str, home: Home) -> dict[str, Any]:
    """Django's settings for a database address; SQLite in `home` where the address is empty.

    SQLite: WAL, so that readers never wait for the writer, and immediate transactions, so that two writers queue up at
    BEGIN and never find at COMMIT that they dead-locked. synchronous=NORMAL survives the death of any process.

    PostgreSQL: each thread keeps its connection, and asks before its next piece of work whether it still lives.
    """
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(home.database),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA cache_size=-8000;"
                "PRAGMA journal_size_limit=67108864;",
            },
            "CONN_MAX_AGE": None,
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise env.BadSetting(
            f"HIVE_DATABASE_URL: {parts.scheme!r} is not known; use postgresql://user:password@host/name."
        )
    return {
        "ENGINE": "hive.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        "OPTIONS": {**SESSION, **dict(parse_qsl(parts.query))},
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": from_url(env.get("HIVE_DATABASE_URL"), Home(env.get("HIVE_HOME")))}
