"""Looks at a site as its visitors do: one HTTP check, or the same check until it passes or its time is up.

Deployment asks it before a switch, monitoring afterwards. Roles may not import one another, so what both need lies
here. It knows neither Django nor Celery nor the records: it takes values and returns values.

    address.py   where a release really listens
    reach.py     sends a request for the environment's own name to that address, and to nothing else
    check.py     check(), check_within() and their CheckResult
"""
