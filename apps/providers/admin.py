"""Providers in Django admin: entered, changed, removed. A key can be set there and never be read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from apps.accounts.look_only import LookOnly
from apps.providers.models import ROLES, Provider
from apps.providers.services import delete_provider, put_provider


class ProviderForm(forms.ModelForm):
    api_key = forms.CharField(
        required=False,
        strip=True,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text="Stored encrypted, never shown again. Empty: the one that is stored stays.",
    )
    forget_key = forms.BooleanField(required=False, help_text="Take the stored key away.")

    class Meta:
        model = Provider
        fields = (
            *("name", "model", "api_base", "api_key", "forget_key", "roles", "position"),
            *("input_price", "output_price", "cached_price", "max_output_tokens", "stall_s"),
        )

    def clean_roles(self) -> str:
        wanted = self.cleaned_data["roles"].replace(",", " ").split()
        if unknown := [role for role in wanted if role not in ROLES]:
            raise ValidationError(f"{unknown[0]!r} is no role that asks a model. Use {', '.join(ROLES)}.")
        return ", ".join(dict.fromkeys(wanted))


@admin.register(Provider)
class ProviderAdmin(admin.ModelAdmin):
    form = ProviderForm
    change_list_template = LookOnly.change_list_template
    list_display = ("name", "model", "api_base_host", "has_key", "roles", "position")
    search_fields = ("name", "model")

    @admin.display(description="Address")
    def api_base_host(self, provider: Provider) -> str:
        return provider.api_base.split("@")[-1].partition("?")[0]

    @admin.display(description="Key", boolean=True)
    def has_key(self, provider: Provider) -> bool:
        return bool(provider.sealed_key)

    def save_model(self, request: HttpRequest, obj: Provider, form: Any, change: bool) -> None:  # noqa: ARG002
        given = form.cleaned_data
        put_provider(obj, "" if given["forget_key"] else given["api_key"] or None)

    def delete_model(self, request: HttpRequest, obj: Provider) -> None:  # noqa: ARG002
        delete_provider(obj)
