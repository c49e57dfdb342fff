"""Keep specs: every text once, numbered within its spec, never changed afterwards."""

from __future__ import annotations

import hashlib

from django.db import IntegrityError, transaction
from django.db.models import Max

from apps.accounts.models import User
from apps.projects.models import Project
from apps.specs.models import Spec, SpecVersion
from apps.specs.reading import writing
from apps.specs.validate import Checked, Problem, check

MOST_TRIES = 50


class InvalidSpec(Exception):
    """The text is no valid spec; `problems` says everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems[:3]))
        self.problems = problems


def save(project: Project, text: str | bytes, user: User | None) -> SpecVersion:
    """Check a text and keep it. The same text is the same version. Raises InvalidSpec."""
    return keep(project, check(text), user)


def keep(project: Project, checked: Checked, user: User | None, story: str = "") -> SpecVersion:
    """Keep what was checked before (see apps.specs.validate). Raises InvalidSpec if it was not found right.

    Two at once agree: the database allows each text, and each number, once per spec; who comes second finds the
    other's version, or takes the next number.
    """
    if checked.spec is None:
        raise InvalidSpec(checked.problems)
    spec, _ = Spec.objects.get_or_create(project=project, key=checked.spec.id, defaults={"title": checked.spec.title})
    digest = hashlib.sha256(checked.text.encode()).hexdigest()
    for _ in range(MOST_TRIES):
        if known := spec.versions.filter(sha256=digest).first():
            return known
        try:
            return _add(spec, checked, digest, user, story)
        except IntegrityError:
            continue  # somebody else took the number, or kept the same text
    raise RuntimeError(f"Spec {spec.key}: no number was free in {MOST_TRIES} tries.")


def _add(spec: Spec, checked: Checked, digest: str, user: User | None, story: str) -> SpecVersion:
    assert checked.spec is not None  # noqa: S101 - for the type checker
    with transaction.atomic():
        last = spec.versions.aggregate(last=Max("number"))["last"] or 0
        version = SpecVersion.objects.create(
            spec=spec,
            number=last + 1,
            text=checked.text,
            data=checked.spec.model_dump(mode="json"),
            sha256=digest,
            story=story,
            created_by=user,
        )
        Spec.objects.filter(pk=spec.pk).update(title=checked.spec.title)
    return version


def export(version: SpecVersion, *, long_form: bool = False) -> str:
    """The text as it came; or the long form, every default filled in, as YAML. Both can be imported again."""
    return writing.to_yaml(version.data) if long_form else version.text
