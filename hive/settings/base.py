"""Apps, language, time, and the home folder."""

from __future__ import annotations

from pathlib import Path

from hive import env
from hive.home import Home

BASE_DIR = Path(__file__).resolve().parent.parent.parent
HIVE_HOME: Path = env.get("HIVE_HOME")
HOME = Home(HIVE_HOME)

DEBUG: bool = env.get("HIVE_DEBUG")
SECRET_KEY: str = env.get("HIVE_SECRET_KEY") or HOME.read_secret_key()

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_results",
    "django_celery_beat",
    "apps.accounts",
    "apps.events",
    "apps.projects",
    "apps.providers",
    "apps.specs",
    "apps.runs",
    "apps.memory",
    "apps.artifacts",
    "apps.fleet",
    "apps.ci",
    "apps.releases",
    "apps.incidents",
    "apps.upkeep",
    "apps.api",
    "apps.dashboard",
    "hive.wiring.WiringConfig",
]
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
