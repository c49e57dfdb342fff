"""`hive up`: starts the parts of an embedded Hive, watches them, and stops them without leaving anything behind.

Two processes do it. The *supervisor* (supervisor.py) starts the children of a table (children.py), restarts what dies
and stops all in reverse order. The *guard* (guard.py), its parent and the process that was called `hive up`, does
nothing but wait: should the supervisor be killed, the guard ends everything below it; should the guard be killed, the
kernel tells the supervisor, which ends everything at once. Both are subreapers, so that whatever a job has cut loose
still hangs below them. Neither imports Django, Celery, typer or rich.
"""
