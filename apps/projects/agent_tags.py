"""What a tag of an agent looks like where a project, a spec or a job file names one. Knows nothing of Django."""

TAG_PATTERN = r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?"
MAX_TAGS = 20
