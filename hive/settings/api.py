"""DRF and the OpenAPI document."""

from __future__ import annotations

from hive import env

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "apps.api.schema.Operation",
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.api.auth.KeyAuthentication", "apps.api.auth.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["apps.api.auth.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["apps.api.limits.RateLimit"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.api.parsing.JSONParser"],
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "apps.api.problems.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    "URL_FORMAT_OVERRIDE": None,
    "COERCE_DECIMAL_TO_STRING": False,
}
API_RATE: tuple[int, int] = env.get("HIVE_RATE")  # requests, per seconds
WEB_THREADS = 6  # each keeps a database connection
API_MAX_BODY_BYTES = 8 * 1024 * 1024  # a spec of 1 MiB, escaped as JSON, and then some
SPECTACULAR_SETTINGS = {
    "TITLE": "Hive",
    "DESCRIPTION": "From a spec to a built, tested, deployed and watched application. Every error is a problem "
    "(RFC 9457) with a stable `code`; see docs/api.md.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "Status": "apps.runs.states.RunStatus",  # and JobStatus: the same values
        "TaskStatus": "apps.runs.states.TaskStatus",
        "GateStatus": "apps.runs.states.GateStatus",
        "ReleaseStatus": "apps.releases.states.ReleaseStatus",
        "EventType": "apps.events.models.EventType",
        "ArtifactKind": "apps.artifacts.models.Artifact.Kind",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.api.schema.add_problems",
    ],
    "SCHEMA_PATH_PREFIX": "/api/v1/",
}
