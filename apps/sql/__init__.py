"""Statements that stand in nearly every request: what makes them cost what the database takes for them, and no more."""
