"""Reads of specs that more than one face needs."""

from __future__ import annotations

from django.db.models import Max, QuerySet

from apps.accounts.access import visible_organisations
from apps.accounts.models import User
from apps.specs.models import Spec, SpecVersion
from apps.specs.schema import Spec as SpecData


def visible_to(user: User) -> QuerySet[Spec]:
    """The specs of the user's organisations, each with the number of its `latest` version."""
    specs = Spec.objects.filter(project__organisation__in=visible_organisations(user))
    return specs.select_related("project").annotate(latest=Max("versions__number"))


def versions_visible_to(user: User) -> QuerySet[SpecVersion]:
    versions = SpecVersion.objects.filter(spec__project__organisation__in=visible_organisations(user))
    return versions.select_related("spec", "spec__project", "created_by")


def latest_version(spec: Spec) -> SpecVersion | None:
    return spec.versions.order_by("-number").first()


def load(version: SpecVersion) -> SpecData:
    """What planners read: the long form of a version."""
    return SpecData.model_validate(version.data)
