"""Records in Django admin: to look at, and to act upon through services. Nobody edits or deletes a row by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

COUNTED = 10_000  # beyond this nobody pages; counting a table of millions would make every page wait


class BoundedPaginator(Paginator):
    """Counts no further than a person would page."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return rows.order_by()[:COUNTED].count() if isinstance(rows, QuerySet) else len(rows)


class LookOnly(admin.ModelAdmin):
    """A list and a page per row. Who may change the model may use its actions, which call services."""

    show_full_result_count = False
    paginator = BoundedPaginator
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """For actions: @admin.action(permissions=["operate"])."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")


def act_on(
    request: HttpRequest,
    rows: Iterable[Model],
    act: Callable[[Any], str | None],
    expected: tuple[type[Exception], ...] = (),
) -> None:
    """Do it to each row and tell what came of it. `act` returns why nothing was done, or nothing where it was."""
    done = 0
    for row in rows:
        try:
            refused = act(row)
        except expected as error:
            refused = str(error)
        if refused:
            messages.warning(request, f"{row}: {refused}")
        else:
            done += 1
    if done:
        messages.success(request, f"Done: {done}.")
