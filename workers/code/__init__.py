"""A project's files and history over git, for the faces: the implementation of apps.projects.code."""

from workers.code.repository import open_code

__all__ = ["open_code"]
