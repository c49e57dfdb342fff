"""Stream: one request to a provider, made by the process that holds litellm, read from a thread that may give up."""

from __future__ import annotations

from typing import Any

from workers.llm.apart.line import line


class Stream:
    """In charge of: the request, from its start to its end. Closing it ends the request at once, and the generation
    with it where the provider notices. Not in charge of: what the chunks mean, how long to wait."""

    def __init__(self, **request: Any) -> None:
        self._asked = line().ask(request=request)

    def get(self, timeout_s: float) -> Any:
        """The next chunk, an End, or the Failed that ended it. Raises queue.Empty."""
        return self._asked.get(timeout_s)

    def wake(self, what: Any) -> None:
        """Put something in front of whoever waits in get()."""
        self._asked.found.put(what)

    def close(self) -> None:
        self._asked.close()
