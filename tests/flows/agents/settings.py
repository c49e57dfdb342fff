"""Hive's settings, and the orders of tests."""

from hive.settings import *  # noqa: F403
from hive.settings import INSTALLED_APPS as HIVES

INSTALLED_APPS = [*HIVES, "tests.flows.agents.apps.OrdersConfig"]
