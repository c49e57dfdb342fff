"""Answers that are not JSON: how content negotiation and the OpenAPI document learn of them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.renderers import BaseRenderer


class AnyRenderer(BaseRenderer):
    """Stands for one media type in the negotiation. Nothing is rendered: views that use it answer by themselves."""

    charset = None
    format = "any"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> Any:
        raise TypeError(f"{type(self).__name__} answers by itself; there is nothing to render.")


def binary(description: str) -> OpenApiResponse:
    return OpenApiResponse(OpenApiTypes.BINARY, description)
