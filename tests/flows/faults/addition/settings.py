"""Hive's settings, and the addition."""

from hive.settings import *  # noqa: F403
from hive.settings import INSTALLED_APPS as HIVES

INSTALLED_APPS = [*HIVES, "tests.flows.faults.addition"]
