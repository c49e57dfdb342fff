"""What a server says, as text for a model. What is no text is described."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from workers.mcp.port import Said


def said(result: Any) -> Said:
    """A CallToolResult. Its structured content is shown where nothing else says the same."""
    text = "\n".join(_parts(result.content))
    if not text.strip() and result.structured_content is not None:
        text = json.dumps(result.structured_content, ensure_ascii=False)
    return Said(text or "(it answered nothing)", bool(result.is_error))


def _parts(content: Iterable[Any]) -> Iterable[str]:
    for part in content:
        if part.type == "text":
            yield part.text
        elif part.type in ("image", "audio"):
            yield f"[{part.type}, {part.mime_type}, about {len(part.data) * 3 // 4:,} bytes: not shown]"
        elif part.type == "resource_link":
            yield f"[a resource: {part.name}, {part.uri}]"
        elif part.type == "resource" and getattr(part.resource, "text", None) is not None:
            yield part.resource.text
        else:
            yield f"[{part.type}: not shown]"
