"""A database with a long history: 100,000 runs and 1,000,000 events, made in seconds by the database itself."""
