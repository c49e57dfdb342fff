"""What POST /ci/jobs takes: JSON with the address of a package, or a form with the package itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema_field
from rest_framework import parsers, serializers
from rest_framework.exceptions import ValidationError

from apps.api.parsing import Slug, Strict, Text
from apps.api.problems import Problem
from apps.api.spec_problems import counted
from apps.ci.definition.check import MAX_BYTES, Checked, check, check_data
from apps.ci.services.submit import SOURCE_KEYS

ARCHIVES = {b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"\x1f\x8b": "tar.gz", b"BZh": "tar.bz2", b"\xfd7zXZ": "tar.xz"}
PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]*")
FIELD_LIMIT = 1000


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "object", "additionalProperties": True}]})
class JobField(serializers.JSONField):
    """A job file: its YAML text, or an object of the same shape."""

    default_error_messages = {"type": "Use the job file's text, or an object of the same shape."}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str | dict):
            self.fail("type")
        return data


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string", "maxLength": FIELD_LIMIT}})
class SourceField(serializers.JSONField):
    """What the pipeline says of itself, under known names."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if not isinstance(data, dict):
            raise ValidationError("Use an object of texts.")
        for name, value in data.items():
            if name not in SOURCE_KEYS:
                raise ValidationError(f"{name[:40]!r} is not known here. Known: {', '.join(SOURCE_KEYS)}.")
            if not isinstance(value, str) or len(value) > FIELD_LIMIT or not PRINTABLE.fullmatch(value):
                raise ValidationError(f"{name} must be one line of text, up to {FIELD_LIMIT} characters.")
        return data


class SubmitJob(Strict):
    """`package` is for forms; in JSON a package is named by its address."""

    job = JobField()
    file = Text(required=False, max_length=200, help_text="Name of the job file, for people.")
    project = Slug(required=False, help_text="Not needed with a key that is bound to a project.")
    organisation = Slug(required=False, help_text="Needed by who belongs to several, for a project that is new.")
    package_url = Text(required=False, max_length=2000, help_text="Where a worker fetches the package: zip or tar.gz.")
    package_sha256 = serializers.RegexField(
        "^[0-9a-f]{64}$",
        required=False,
        help_text="What the package must be.",
        error_messages={"invalid": "Use 64 of 0-9a-f."},
    )
    source = SourceField(required=False)  # type: ignore[assignment]

    def validate_package_url(self, url: str) -> str:
        if not re.fullmatch(r"https?://[^\s\x00-\x1f\x7f]+", url):
            raise ValidationError("Use an address such as https://….")
        return url


class SubmitForm(SubmitJob):
    """The same as a form; `source` is JSON there, `job` a text or a file."""

    package = serializers.FileField(required=False)


class FormParser(parsers.MultiPartParser):
    """A form as a plain object: each field once."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        parsed = super().parse(stream, media_type, parser_context)
        found: dict[str, Any] = {}
        for fields in (parsed.data, parsed.files):
            for name, values in fields.lists():
                if len(values) > 1 or name in found:
                    raise ValidationError({name[:60]: ["This field comes more than once."]})
                found[name] = values[0]
        return _opened(found)


def _opened(form: dict[str, Any]) -> dict[str, Any]:
    """A job file that came as a file is its text, `source` what its JSON says."""
    job = form.get("job")
    if isinstance(job, UploadedFile):
        form.setdefault("file", (job.name or "")[:200])
        if (job.size or 0) > MAX_BYTES:
            raise ValidationError({"job": [f"The job file has more than {MAX_BYTES:,} bytes."]})
        try:
            form["job"] = job.read().decode()
        except UnicodeDecodeError as error:
            raise ValidationError({"job": [f"The job file is not UTF-8: byte {error.start}."]}) from None
    if isinstance(form.get("source"), str):
        try:
            form["source"] = json.loads(form["source"])
        except (ValueError, RecursionError) as error:
            raise ValidationError({"source": [f"This is not JSON: {error}"]}) from None
    package = form.get("package")
    if package is not None and not isinstance(package, UploadedFile):
        raise ValidationError({"package": ["Send the package as a file."]})
    return form


def checked_job(body: Mapping[str, Any]) -> Checked:
    """Raises Problem with everything that is wrong with the job file."""
    job = body["job"]
    checked = check(job) if isinstance(job, str) else check_data(job)
    if not checked.ok:
        raise Problem(422, "invalid_job", **counted("job file", checked.problems))
    return checked


def archive_kind(package: UploadedFile) -> str:
    """What the package is, by its first bytes. Raises ValidationError or Problem for what no worker would take."""
    size_bytes = package.size or 0
    if size_bytes > settings.CI_PACKAGE_BYTES:
        limit = settings.CI_PACKAGE_BYTES // 2**20
        raise Problem(413, "too_large", f"The package has {size_bytes:,} bytes; up to {limit} MiB are taken.")
    begin = package.read(512)
    package.seek(0)
    for mark, kind in ARCHIVES.items():
        if begin.startswith(mark):
            return kind
    if begin[257:262] == b"ustar":
        return "tar"
    raise ValidationError({"package": ["A package is a zip or a tar.gz; this begins as neither."]})
