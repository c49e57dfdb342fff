"""Moving the records of an embedded installation to PostgreSQL, and its artifacts to another store."""
