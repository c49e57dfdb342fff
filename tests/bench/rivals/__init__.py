"""Hive and Buildbot at the same CI jobs, on one PostgreSQL: what each is, and what both are asked to do."""
