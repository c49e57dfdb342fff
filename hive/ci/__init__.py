"""A pipeline's side of CI: package, send, follow, fetch. Python 3.9 and nothing else, so that it runs on any runner.

`hive ci submit` and the Action in ci-plugin/ are the same code with two faces.
"""
