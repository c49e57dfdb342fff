#!/usr/bin/env python3
"""The service. PORT says where it listens (8080), BIND at which address (127.0.0.1), DATA_DIR where notes are kept.

It ends in order on SIGTERM and SIGINT: no new request is taken, those under way are answered.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from app.http import Server
from app.notes import notes_service
from app.store import Store

HERE = Path(__file__).resolve().parent


def main() -> int:
    store = Store(Path(os.environ.get("DATA_DIR") or HERE / "data") / "notes.json")
    address = os.environ.get("BIND", "127.0.0.1"), int(os.environ.get("PORT", "8080"))
    with Server(address, notes_service(store)) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            # shutdown() waits for the loop that this very thread runs, so another one has to call it.
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"Listening on http://{address[0]}:{server.server_address[1]}", flush=True)
        server.serve_forever(poll_interval=0.1)
    print("Stopped.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
