"""URLs, templates, sessions, cookies, static files, cache."""

from __future__ import annotations

from hive import env
from hive.settings.base import BASE_DIR
from hive.settings.queue import REDIS_URL

ROOT_URLCONF = "hive.urls"
ASGI_APPLICATION = "hive.asgi.application"
ALLOWED_HOSTS: list[str] = env.get("HIVE_HOSTS")
CSRF_TRUSTED_ORIGINS: list[str] = env.get("HIVE_TRUSTED_ORIGINS")
if env.get("HIVE_PROXY_TLS"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
FLOWER_URL: str = env.get("HIVE_FLOWER_URL")
if not FLOWER_URL and env.get("HIVE_FLOWER_PORT"):
    FLOWER_URL = f"http://127.0.0.1:{env.get('HIVE_FLOWER_PORT')}/"
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024  # a spec of 1 MiB, escaped as JSON, and then some

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "apps.dashboard.security.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.dashboard.pages.theme.theme_of",
            ],
        },
    }
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # served from where they lie: there is no collecting and no building
WHITENOISE_MAX_AGE = 60  # their names stay the same from version to version

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "hive",
    }
}
