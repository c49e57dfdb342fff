"""Who may do what: people, the organisations they share, and the keys that programs use in their name."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone


class User(AbstractUser):
    """A person. What they may see follows from their memberships; `is_staff` opens Django admin."""


class Role(models.TextChoices):
    OWNER = "owner", "Owner"  # members, keys and settings too
    MEMBER = "member", "Member"  # starts, cancels, approves
    VIEWER = "viewer", "Viewer"  # looks


class Organisation(models.Model):
    """A team. Everything that Hive keeps belongs to exactly one, through its project."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=60, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    members = models.ManyToManyField(User, through="Membership", related_name="organisations")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.organisation}"


class ApiKey(models.Model):
    """A program's credential: `hive_<prefix>_<secret>`, shown once. Only the SHA-256 of the secret is kept.

    The key acts for its user, within its organisation, and never beyond its scopes (and its project, where one is set).
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="api_keys")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="api_keys")
    project_id = models.BigIntegerField(null=True, blank=True, help_text="Only this project, where set.")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"
