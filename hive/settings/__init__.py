"""Django's settings, one small file per topic."""

from hive.settings.api import *  # noqa: F403
from hive.settings.base import *  # noqa: F403
from hive.settings.database import *  # noqa: F403
from hive.settings.docker import *  # noqa: F403
from hive.settings.logs import *  # noqa: F403
from hive.settings.models import *  # noqa: F403
from hive.settings.queue import *  # noqa: F403
from hive.settings.rules import *  # noqa: F403
from hive.settings.store import *  # noqa: F403
from hive.settings.web import *  # noqa: F403
