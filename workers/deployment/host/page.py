"""What a visitor sees when there is no release to ask: a page with status 503, and never a refused connection.

A refused connection looks like a wrong address; this says that the address is right and the site is not there. The
header `Hive-Host` tells a probe that no release has answered, whatever status it is waiting for.
"""

from __future__ import annotations

_BODY = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Not available</title>
<body style="font-family: system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1rem; color-scheme: light dark">
<h1>This site is not available right now</h1>
<p>The address is right, but no release answers behind it. Please try again in a moment.</p>
</body></html>
"""  # noqa: E501


def unavailable(why: str) -> bytes:
    head = (
        "HTTP/1.1 503 Service Unavailable\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(_BODY)}\r\n"
        "Cache-Control: no-store\r\n"
        "Retry-After: 2\r\n"
        "Connection: close\r\n"
        f"Hive-Host: {why}\r\n\r\n"
    )
    return head.encode("ascii") + _BODY
