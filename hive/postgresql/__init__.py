"""Django's engine for PostgreSQL, with a cheaper question whether a kept connection still lives (base.py)."""
