"""Git, as Hive uses it: bare repositories that it owns, worktrees for writing, archives for reading, merges on paper.

Knows neither Django nor Celery. Everything that a repository holds is untrusted: no hook, no filter, no configuration
of a repository or a user is ever run or read.
"""
