"""Projects in Django admin. Of a secret only the name is shown; its value is set on the project's page."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from apps.accounts.look_only import LookOnly, QuickList
from apps.projects.mcp_servers import BadServer, Wanted, check_server, remove_server, set_server
from apps.projects.models import Checkout, McpServer, Project, Secret


@admin.register(Project)
class ProjectAdmin(QuickList):
    """Name, branch and guard may be changed. Its address (slug, organisation) is in repositories and keys: it stays.

    Its origin is set on the project's page and over the API: there the password goes when the server changes.
    """

    list_display = ("slug", "name", "organisation", "default_branch", "created_at")
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


class McpServerForm(forms.ModelForm):
    class Meta:
        model = McpServer
        fields = ("project", "name", *(one.name for one in fields(Wanted)))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        try:
            check_server(given.get("name") or self.instance.name, self.wanted())
        except BadServer as error:
            raise ValidationError({error.where if error.where in self.fields else "__all__": str(error)}) from None
        return given

    def wanted(self) -> Wanted:
        given = self.cleaned_data
        return Wanted(**{one.name: given[one.name] for one in fields(Wanted) if given.get(one.name) is not None})


@admin.register(McpServer)
class McpServerAdmin(QuickList):
    """Set and removed as over the API. Its name is part of its tools' names, and stays."""

    form = McpServerForm
    list_display = ("name", "project", "url", "policy", "enabled", "updated_at")
    list_select_related = ("project",)
    search_fields = ("name", "project__slug")
    autocomplete_fields = ("project",)

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> tuple[str, ...]:  # noqa: ARG002
        return ("project", "name") if obj else ()

    def save_model(self, request: HttpRequest, obj: McpServer, form: Any, change: bool) -> None:  # noqa: ARG002
        obj.pk = set_server(obj.project, obj.name, form.wanted()).pk

    def delete_model(self, request: HttpRequest, obj: McpServer) -> None:  # noqa: ARG002
        remove_server(obj)
