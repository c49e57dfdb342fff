#!/usr/bin/env python3
"""Build the blog: src/ becomes public/. Needs nothing but Python 3.11.

python3 build.py                build
python3 build.py --serve        build, and serve it on http://localhost:8080 (or $PORT)
"""

from __future__ import annotations

import argparse
import functools
import http.server
import os
import sys
from pathlib import Path

from blog.errors import SourceError
from blog.site import build

HERE = Path(__file__).resolve().parent


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the blog from src/ into public/.")
    parser.add_argument("--serve", action="store_true", help="serve it afterwards, for a look")
    parser.add_argument("--drafts", action="store_true", help="build posts marked `draft: yes` too")
    options = parser.parse_args()
    try:
        pages = build(HERE / "src", HERE / "public", drafts=options.drafts)
    except SourceError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Built {pages} pages in public/.")
    if options.serve:
        serve(HERE / "public", int(os.environ.get("PORT", "8080")))
    return 0


def serve(folder: Path, port: int) -> None:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"http://localhost:{port} (stop with Ctrl-C)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    sys.exit(main())
