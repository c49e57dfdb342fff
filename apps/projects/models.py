"""Project: a git repository that Hive owns or was given, with its policies and secrets."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import Organisation, User
from apps.projects.runs_on import check_runs_on

SLUG = RegexValidator(r"^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$", "Use lower-case letters, digits and hyphens.")


class Project(models.Model):
    """A repository of Hive's own, or a copy of one that lies elsewhere (`origin_url`): then the origin's branch counts.

    Name and password of the origin never stand in its address; the password is a secret (apps.projects.origin).
    """

    class Guard(models.TextChoices):
        """What happens when a model changes tests; it holds whatever a spec says."""

        GATE = "gate", "A person approves"
        FLAG = "flag", "It is only told"

    class Push(models.TextChoices):
        BRANCH = "branch", "A branch of its own"
        DEFAULT = "default", "The default branch, too"

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="projects")
    slug = models.CharField(max_length=60, validators=[SLUG])
    name = models.CharField(max_length=120)
    default_branch = models.CharField(max_length=100, default="main")
    guard = models.CharField(max_length=10, choices=Guard, blank=True, help_text="Empty: as each spec says.")
    guard_paths = models.JSONField(default=list, blank=True, help_text="Patterns of more files that it watches.")
    runs_on = models.JSONField(
        default=dict,
        blank=True,
        validators=[check_runs_on],
        help_text='Where a spec says nothing: tags of agents, such as {"testing": ["gpu"], "coding": ["node"]}.',
    )
    created_at = models.DateTimeField(default=timezone.now)

    origin_url = models.CharField(max_length=500, blank=True, help_text="Empty: the repository is Hive's own.")
    origin_user = models.CharField(max_length=100, blank=True)
    origin_branch = models.CharField(max_length=100, blank=True, help_text="Empty: the one that the origin says.")
    origin_push = models.CharField(max_length=10, choices=Push, default=Push.BRANCH, help_text="Where runs go.")
    origin_seen_at = models.DateTimeField(null=True, blank=True, help_text="When it was last fetched.")

    badge_token = models.CharField(max_length=43, blank=True, help_text="In the badge's address; empty: no badge.")

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "slug"], name="project_slug_once"),
            models.UniqueConstraint(fields=["badge_token"], name="project_badge_once", condition=~Q(badge_token="")),
        ]

    def __str__(self) -> str:
        return self.slug


class Secret(models.Model):
    """A value that only jobs which name it are given. Encrypted at rest; no face ever shows it again."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="secrets")
    name = models.CharField(max_length=60, validators=[RegexValidator(r"^[A-Z][A-Z0-9_]*$", "Use A-Z, 0-9 and _.")])
    sealed = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="secret_name_once")]

    def __str__(self) -> str:
        return self.name


class Checkout(models.Model):
    """A branch on which somebody writes, over the API: files as they are, and what of them will be committed.

    What was written is in the project's repository, under this row's number.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="checkouts")
    branch = models.CharField(max_length=100)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Checkout {self.pk} of {self.branch}"


class McpServer(models.Model):
    """A server of the Model Context Protocol whose tools the models of this project's jobs are given.

    One with a `command` runs in the job's sandbox; one with a `url` is asked over HTTP, by Hive. `headers` name secrets
    (`Bearer ${NAME}`) and never hold them; a server in the sandbox is given none: all commands there could read it.
    """

    class Policy(models.TextChoices):
        """What happens when a model calls a tool."""

        ALLOW = "allow", "It is called"
        GATE = "gate", "A person approves each call"
        DENY = "deny", "The tool is not offered"

    project = models.ForeignKey(Project, models.CASCADE, related_name="mcp_servers")
    name = models.CharField(
        max_length=20, help_text="Lower-case letters, digits and hyphens; part of its tools' names."
    )
    command = models.JSONField(
        default=list, blank=True, help_text="Program and arguments, where it runs in the sandbox."
    )
    env = models.JSONField(default=dict, blank=True, help_text="Variables for it. No secrets: the sandbox sees them.")
    url = models.CharField(max_length=500, blank=True, help_text="Where it is asked over HTTP.")
    headers = models.JSONField(default=dict, blank=True, help_text="Sent to it; ${NAME} is the project's secret NAME.")
    policy = models.CharField(max_length=10, choices=Policy, default=Policy.GATE, help_text="Of tools not named below.")
    tools = models.JSONField(default=dict, blank=True, help_text="Policies of single tools, by name.")
    planning = models.JSONField(
        default=list,
        blank=True,
        help_text="Tools for the manager's planning, beside those that read.",
    )
    timeout_s = models.PositiveSmallIntegerField(default=60, help_text="How long one call may take.")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        verbose_name = "MCP server"
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="mcp_server_name_once")]

    def __str__(self) -> str:
        return self.name

    def policy_of(self, tool: str) -> str:
        return str(self.tools.get(tool, self.policy))

    def plans_with(self, tool: str) -> bool:
        """Whether its owners let the manager call it, though its server does not say that it only reads."""
        return tool in self.planning and self.policy_of(tool) != self.Policy.DENY
