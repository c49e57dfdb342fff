"""What goes wrong for the one who asks. Everything else is a fault of the service."""

from __future__ import annotations


class RequestError(Exception):
    """Answered with `status` and the message, as JSON."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class NotFound(RequestError):
    def __init__(self, message: str) -> None:
        super().__init__(404, message)


class Invalid(RequestError):
    def __init__(self, message: str) -> None:
        super().__init__(422, message)
