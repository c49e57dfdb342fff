"""What stands in nearly every request, written as SQL once: it costs what the database takes for it, and little more.

execute.py carries out plain statements, read.py gives models' instances for them, compiled.py keeps the SQL of a
query of Django's, insert.py writes a new row.
"""
