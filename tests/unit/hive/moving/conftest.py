"""A job that a worker holds, and a store in memory, as for the services of artifacts."""

from tests.unit.apps.artifacts.conftest import begin_job, memory

__all__ = ["begin_job", "memory"]
