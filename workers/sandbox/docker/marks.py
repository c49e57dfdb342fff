"""The labels by which containers, networks and volumes are found again, and by whom."""

from __future__ import annotations

import re

KIND = "hive.sandbox"  # its label within the installation, such as job-12-1a2b3c4d5e6f
HOME = "hive.home"  # the installation: what another Hive made is not ours to remove
JOB = "hive.job"
LEASE = "hive.lease"
PROGRAMS = "hive.programs"  # a volume that belongs to no sandbox: later ones use it too
_OF_A_JOB = re.compile(r"job-(\d+)-([0-9A-Za-z]+)\Z")


def marks(installation: str, label: str) -> dict[str, str]:
    """What everything of one sandbox carries."""
    found = {KIND: label, HOME: installation}
    if match := _OF_A_JOB.match(label):
        found |= {JOB: match[1], LEASE: match[2]}
    return found


def belongs_to_a_job(labels: dict[str, str]) -> bool:
    return JOB in labels
