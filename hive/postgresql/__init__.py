"""Django's engine for PostgreSQL, with a cheaper question whether a kept connection still lives (base.py), and with
statements that a session plans once (prepared.py).
"""
