"""ApiView: what every view of the API has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, cast

from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from apps.accounts.models import ApiKey, User
from apps.api.caller import Caller

READ_RUNS = {"GET": "runs:read"}
READ_JOBS = {"GET": ("runs:read", "jobs:read")}  # with the second alone: jobs of CI

Scopes = Mapping[str, str | tuple[str, ...]]


class ApiView(GenericAPIView[Any]):
    """`scopes` names what a key needs, per method; a method without an entry is refused (apps.api.auth.HasScope)."""

    scopes: ClassVar[Scopes] = {}
    http_method_names: Sequence[str] = ("get", "head", "post", "put")
    rate_headers: Mapping[str, str] = {}
    pagination_class: Any = None
    filter_backends: Any = ()

    @cached_property
    def caller(self) -> Caller:
        """Asked for once the request is known: Django REST framework makes a view per request."""
        return Caller(cast(User, self.request.user), cast("ApiKey | None", self.request.auth))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in self.rate_headers.items():
            response[name] = value
        if "Cache-Control" not in response:
            response["Cache-Control"] = "no-store"  # what one person may see must not wait in a cache for another
        return response
