"""Look at every live release whose time has come, and see to those that do not answer."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from django.db import transaction

from apps.events import clock
from apps.incidents.models import Probe
from apps.incidents.services import Seen, act, note, take_due
from apps.specs.schema import Check
from workers.probe.address import read_address
from workers.probe.check import check

logger = logging.getLogger(__name__)

AT_ONCE = 8
TIMEOUT_S = 5.0


def probe_due() -> int:
    """One round; returns how many looks were taken. Two rounds at once share the probes between them."""
    probes = take_due(clock.now())
    if not probes:
        return 0
    with ThreadPoolExecutor(AT_ONCE) as pool:  # only the asking: the threads never touch the database
        answers = list(pool.map(_look, probes))
    for probe, seen in zip(probes, answers, strict=True):
        with transaction.atomic():
            incident = note(probe, seen)
            if incident is not None:
                step = act(incident)
                logger.warning("action=incident release=%s step=%s %s", probe.release_id, step, seen.message)
    return len(probes)


def _look(probe: Probe) -> Seen:
    wanted = Check.model_validate(probe.check_spec)
    address = read_address(probe.release.environment.address or [])
    contains = wanted.contains or ""
    result = check(wanted.url, address=address, status=wanted.status, contains=contains, timeout_s=TIMEOUT_S)
    return Seen(result.ok, result.took_ms, result.status, result.message, result.excerpt)
