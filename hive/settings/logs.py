"""Hive's own log lines: one per event, to standard error; `hive up` gathers them in HIVE_HOME/logs."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "hive": {"level": "INFO"},
        "apps": {"level": "INFO"},
        "workers": {"level": "INFO"},
        "celery": {"level": "WARNING"},
        "django.server": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},  # what a client did wrong is told to the client
    },
}
