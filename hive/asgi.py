"""The web server's entry point (uvicorn hive.asgi:application)."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hive.settings")
application = get_asgi_application()
