"""A project's files, history, checkouts and origin, for programs."""
