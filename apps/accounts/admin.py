"""People, organisations and keys in Django admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.accounts.key_form import ApiKeyForm
from apps.accounts.keys import create_key, revoke_key
from apps.accounts.look_only import LookOnly, QuickList, act_on
from apps.accounts.models import ApiKey, Membership, Organisation, User

admin.site.site_header = "Hive"
admin.site.site_title = "Hive"
admin.site.index_title = "Records"


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user", "organisation")


@admin.register(User)
class PersonAdmin(QuickList, UserAdmin):
    list_display = ("username", "email", "is_active", "is_staff", "last_login")
    inlines = (MembershipInline,)


@admin.register(Organisation)
class OrganisationAdmin(QuickList):
    list_display = ("name", "slug", "created_at")
    search_fields = ("name", "slug")
    inlines = (MembershipInline,)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        """Its projects hold runs and releases; those stay."""
        return False


@admin.register(Membership)
class MembershipAdmin(QuickList):
    list_display = ("user", "organisation", "role")
    list_filter = ("role",)
    list_select_related = ("user", "organisation")
    search_fields = ("user__username", "organisation__slug")
    autocomplete_fields = ("user", "organisation")


@admin.register(ApiKey)
class ApiKeyAdmin(LookOnly):
    list_display = ("name", "prefix", "user", "organisation", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("user", "organisation")
    search_fields = ("name", "prefix", "user__username")
    date_hierarchy = "created_at"
    exclude = ("digest",)
    actions = ("revoke",)
    autocomplete_fields = ("user", "organisation")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        """Whoever makes a key for an operator is one."""
        return request.user.is_active and request.user.is_superuser

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs if obj else {**kwargs, "form": ApiKeyForm})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002
        said = form.cleaned_data
        more = {"expires_at": said["expires_at"], "project_id": said["project_id"]}
        made = create_key(said["user"], said["organisation"], said["name"], said["scopes"], **more)
        obj.__dict__.update(made.row.__dict__)
        obj.shown_once = made.key

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:  # noqa: ARG002
        """The page is the only one that has the key; a message would lie in a cookie until it is shown."""
        context = {**self.admin_site.each_context(request), "title": "A new key", "row": obj, "key": obj.shown_once}
        return TemplateResponse(request, "admin/new_key.html", context, headers={"Cache-Control": "no-store"})

    @admin.action(description="Revoke", permissions=["operate"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        def act(key: ApiKey) -> str:
            if key.revoked_at:
                return "it was revoked before."
            revoke_key(key)
            return ""

        act_on(request, keys, act)
