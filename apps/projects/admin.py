"""Projects in Django admin. Of a secret only the name is shown; its value is set on the project's page."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from apps.accounts.look_only import LookOnly
from apps.projects.models import Checkout, Project, Secret


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    """Name, branch and guard may be changed. Its address (slug, organisation) is in repositories and keys: it stays.

    Its origin is set on the project's page and over the API: there the password goes when the server changes.
    """

    list_display = ("slug", "name", "organisation", "default_branch", "created_at")
    list_per_page = LookOnly.list_per_page
    list_filter = ("organisation",)
    list_select_related = ("organisation",)
    search_fields = ("slug", "name")
    date_hierarchy = "created_at"
    readonly_fields = ("created_at", "origin_url", "origin_user", "origin_branch", "origin_push", "origin_seen_at")
    exclude = ("badge_token",)
    autocomplete_fields = ("organisation",)

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> tuple[str, ...]:  # noqa: ARG002
        return ("slug", "organisation", *self.readonly_fields) if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False


@admin.register(Secret)
class SecretAdmin(LookOnly):
    list_display = ("name", "project", "created_at", "updated_at")
    list_select_related = ("project",)
    search_fields = ("name", "project__slug")
    exclude = ("sealed",)


@admin.register(Checkout)
class CheckoutAdmin(LookOnly):
    list_display = ("branch", "project", "created_by", "created_at", "closed_at")
    list_select_related = ("project", "created_by")
    search_fields = ("branch", "project__slug")
