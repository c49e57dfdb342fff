"""What is done to live releases: restart, roll back, stop. Asked for by monitoring or a person, by task name."""

from __future__ import annotations

import logging
from contextlib import suppress

from apps.events.lifecycle import IllegalMove, MoveLost
from apps.incidents.services import watch
from apps.releases.models import Release
from apps.releases.services import Outdated, fail_release, go_live, reserve_switch, restore_release, stop_release
from apps.releases.states import ReleaseStatus
from apps.runs.states import Reason
from workers.deployment.choose import target_for
from workers.deployment.deploy import kept, key_of, retire
from workers.deployment.targets.port import Target, TargetError

logger = logging.getLogger(__name__)

HEALTHY_WITHIN_S = 30.0


def restart(release_id: int) -> None:
    """Run the live release afresh; a release that is no longer live is left alone."""
    release = _live(release_id)
    if release is None:
        return
    target = target_for(release.target)
    try:
        target.restart(key_of(release), launches=target.look(key_of(release)).launches)
    except TargetError as error:
        logger.warning("action=restart release=%s %s", release_id, error)


def roll_back(release_id: int) -> None:
    """Put the release before in the place of this one, if this one is still live and there is one before."""
    release = _live(release_id)
    if release is None or release.environment.previous is None:
        return
    restored = restore_release(release.environment, release.environment.previous)
    target = target_for(restored.target)
    try:
        _bring_back(restored, target)
    except (TargetError, Outdated) as error:
        logger.warning("action=roll_back release=%s %s", release_id, error)
        with suppress(MoveLost, IllegalMove):
            fail_release(restored, Reason.UNHEALTHY, str(error))


def _bring_back(restored: Release, target: Target) -> None:
    target.start(key_of(restored))
    health = target.healthy(key_of(restored), HEALTHY_WITHIN_S)
    if not health.ok:
        raise TargetError(f"The release before does not come up either: {health.message}")
    generation = reserve_switch(restored)
    shown = target.switch(key_of(restored), generation)
    failed = go_live(restored, generation, url=shown.url, address=list(shown.address))
    watch(restored, [probe.check_spec for probe in failed.probes.all()] if failed else [])
    if failed is not None:
        retire(failed, target_for(failed.target))


def stop(release_id: int) -> None:
    """End the live release; its environment shows nothing from now on."""
    release = _live(release_id)
    if release is None:
        return
    target = target_for(release.target)
    generation = reserve_switch(release)
    with suppress(MoveLost):
        stop_release(release, Reason.CANCELED_BY_USER, "Stopped.")
    try:
        target.hide(f"e{release.environment_id}", generation)
        target.stop(key_of(release))
        target.prune(f"e{release.environment_id}", keep=kept(release.environment))
    except TargetError as error:
        logger.warning("action=stop release=%s %s", release_id, error)


def _live(release_id: int) -> Release | None:
    return (
        Release.objects.select_related("environment__previous", "run__project")
        .filter(pk=release_id, status=ReleaseStatus.LIVE)
        .first()
    )
