"""The Docker engine for sandboxes, as this installation is set up."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from workers.sandbox.docker.engine import Engine


def engine() -> Engine:
    """Hive's own servers are named as forbidden, wherever they are: a sandbox's network does not lead to them."""
    hosts = {urlsplit(url).hostname for url in settings.OWN_SERVERS}
    return Engine(
        image=settings.DOCKER_IMAGE,
        images=tuple(settings.DOCKER_IMAGES),
        pull=settings.DOCKER_PULL,
        name_servers=tuple(settings.DOCKER_DNS),
        forbidden=(*settings.DOCKER_DENY, *sorted(host for host in hosts if host)),
        installation=settings.INSTALLATION,
    )
