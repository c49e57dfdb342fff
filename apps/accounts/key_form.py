"""The form in Django admin by which an operator makes a key for somebody."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.accounts.keys import ADMIN, SCOPES
from apps.accounts.models import ApiKey, Membership


class ApiKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
        help_text="As few as it needs.",
    )

    class Meta:
        model = ApiKey
        fields = ("name", "user", "organisation", "project_id", "scopes", "expires_at")

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        user, organisation = found.get("user"), found.get("organisation")
        if user and organisation and not Membership.objects.filter(user=user, organisation=organisation).exists():
            self.add_error("user", f"{user} does not belong to {organisation}.")
        if user and ADMIN in found.get("scopes", ()) and not user.is_superuser:
            self.add_error("scopes", f"The scope {ADMIN} is for operators.")
        return found
