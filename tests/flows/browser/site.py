"""A Hive with a real web server and told stories: `python -m tests.flows.browser.site PORT`.

Reads one JSON object per line, {"do": name, …}, does it through the services and answers with one line. So a test
lets rows arrive while a browser looks, in the process that serves it, and may kill that process at any moment.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import traceback
from typing import Any

import django
import uvicorn


def main(port: int) -> None:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    from tests.flows.browser.stage import Stage

    stage = Stage()
    config = uvicorn.Config(
        "hive.asgi:application", host="127.0.0.1", port=port, lifespan="off", log_level="warning", ws="none"
    )
    server = uvicorn.Server(config)
    threading.Thread(target=listen, args=(stage, server), daemon=True).start()
    asyncio.run(server.serve())


def listen(stage: Any, server: uvicorn.Server) -> None:
    """Until the test closes its end: then there is nobody left to serve."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"ok": getattr(stage, asked.pop("do"))(**asked)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)
    server.should_exit = True


if __name__ == "__main__":
    main(int(sys.argv[1]))
