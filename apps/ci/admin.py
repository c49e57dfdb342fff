from __future__ import annotations

from django.contrib import admin

from apps.accounts.look_only import LookOnly
from apps.ci.models import Submission


@admin.register(Submission)
class SubmissionAdmin(LookOnly):
    list_display = ("run", "file", "package_url")
    list_select_related = ("run",)
