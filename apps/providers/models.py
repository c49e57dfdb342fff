"""Provider: a model at a provider, as an operator entered it in admin. See docs/models.md."""

from __future__ import annotations

from django.core.validators import MinValueValidator, RegexValidator, URLValidator
from django.db import models
from django.utils import timezone

NAME = RegexValidator(r"^[a-z0-9][a-z0-9-]{0,59}$", "Use lower-case letters, digits and hyphens.")
MODEL = RegexValidator(r"^[a-z0-9_]+/\S+$", "Use provider/name, such as anthropic/claude-sonnet-4-5 or ollama/qwen3.")
ADDRESS = URLValidator(schemes=["http", "https"])
ROLES = ("manager", "coding", "testing")


class Provider(models.Model):
    """One model that may be asked. Its key is sealed at rest; no face shows it again."""

    name = models.CharField(max_length=60, unique=True, validators=[NAME])
    model = models.CharField(max_length=200, validators=[MODEL], help_text="provider/name, as litellm calls it.")
    api_base = models.CharField(
        max_length=500, blank=True, validators=[ADDRESS], help_text="Its address. Empty: the provider's own."
    )
    sealed_key = models.BinaryField(default=b"", blank=True, editable=False)
    roles = models.CharField(
        max_length=100, blank=True, help_text="manager, coding, testing: who asks it. Empty: all that have none named."
    )
    position = models.PositiveSmallIntegerField(
        default=1, help_text="The smallest is asked first, the others if it fails."
    )
    input_price = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0)], help_text="US dollars per million tokens read."
    )
    output_price = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0)], help_text="US dollars per million tokens written."
    )
    cached_price = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0)], help_text="Of tokens read from its cache."
    )
    max_output_tokens = models.PositiveIntegerField(default=8192, validators=[MinValueValidator(1)])
    stall_s = models.PositiveIntegerField(
        default=120, validators=[MinValueValidator(1)], help_text="So long nothing may arrive before it is asked again."
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name
