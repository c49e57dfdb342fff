"""Verbs of CI: submit, and go on from cell to cell."""
