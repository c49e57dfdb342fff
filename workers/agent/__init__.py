"""The remote agent: takes jobs over HTTP, runs them in a sandbox, tells how they went. No Django, no Celery.

Program ── asks for jobs, beats, listens to signals
  └─ Work (one per job, a thread) ── acknowledges, runs the order (runner.run), says the final word
       ├─ Outgoing: output on disk, and on its way
       └─ JobDesk: package, artifacts, caches
"""
