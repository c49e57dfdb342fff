"""People, organisations and keys in Django admin."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.keys import revoke_key
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

    @admin.action(description="Revoke", permissions=["operate"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        def act(key: ApiKey) -> str:
            if key.revoked_at:
                return "it was revoked before."
            revoke_key(key)
            return ""

        act_on(request, keys, act)
