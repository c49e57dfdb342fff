"""Signed links of a store without a web server of its own: download and upload. The link is the permission."""

from __future__ import annotations

from dataclasses import asdict

from django.http import JsonResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.api.auth import Open
from apps.api.base import ApiView
from apps.api.byte_ranges import ranged
from apps.api.problems import Problem
from apps.api.rendering import AnyRenderer
from apps.artifacts.store import links, store

# What a browser may show as it is. Everything else, HTML and SVG above all, is bytes to save: jobs wrote it.
SHOWN = ("text/plain", "text/csv", "application/json", "application/xml", "image/png", "image/jpeg", "image/gif")


class Bytes(AnyRenderer):
    media_type = "*/*"


@extend_schema(exclude=True)
class StoreLink(ApiView):
    """Left out of the OpenAPI document: an address of this kind is given, never made."""

    authentication_classes = ()
    permission_classes = (Open,)
    throttle_classes = ()
    renderer_classes = (Bytes,)

    def get(self, request: Request, token: str) -> HttpResponseBase:
        permit = _permit(token, "get")
        opened = store()
        size = opened.info(permit.key).size_bytes
        shown = permit.content_type if permit.content_type.partition(";")[0] in SHOWN else "application/octet-stream"
        response = ranged(request, size, lambda start, stop: opened.get(permit.key, start, stop), content_type=shown)
        response.headers["Content-Disposition"] = _attachment(permit.file_name or permit.key.rpartition("/")[2])
        response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def put(self, request: Request, token: str) -> HttpResponseBase:
        permit = _permit(token, "put", "part")
        length = request.headers.get("Content-Length", "")
        if length != str(permit.size_bytes):
            detail = f"This link takes exactly {permit.size_bytes:,} bytes; Content-Length says {length or 'nothing'}."
            raise Problem(413, "wrong_size", detail)
        if permit.operation == "part":
            size_bytes = store().parts.put(request._request, permit.key, permit.upload, permit.number)
            return JsonResponse({"size_bytes": size_bytes}, status=201)
        stored = store().put(request._request, permit.key)
        return JsonResponse(asdict(stored), status=201)


def _permit(token: str, *operations: str) -> links.Permit:
    try:
        return links.read(token, *operations)
    except links.LinkExpired as error:
        raise Problem(410, "link_expired", str(error)) from None
    except links.BadLink as error:
        raise Problem(404, "not_found", str(error)) from None


def _attachment(name: str) -> str:
    return content_disposition_header(as_attachment=True, filename=name) or "attachment"
