"""Records in Django admin: to look at, and to act upon through services. Nobody edits or deletes a row by hand."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Max, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

COUNTED = 1_000  # beyond this nobody pages; counting a table of millions would make every page wait


SEARCHED = 10_000  # the newest so many rows are looked through where no index leads to what is asked for
LONGEST_NUMBER = 18  # digits of a number that the database has for sure
PARTS_OF_A_LIST = ("p", "o", "q", "all", "e")  # of its address; whatever else stands there is a filter


class BoundedPaginator(Paginator):
    """Counts no further than a person would page."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return rows.order_by()[:COUNTED].count() if isinstance(rows, QuerySet) else len(rows)


class QuickList(admin.ModelAdmin):
    """A page of a list is short, and written quickly."""

    change_list_template = "admin/quick_list.html"
    list_per_page = 40


class LookOnly(QuickList):
    """A list and a page per row. Who may change the model may use its actions, which call services.

    A list costs the same however many rows there are: a number that is searched for is looked up in the search fields
    that begin with =; a text, or a filter that is not one of `indexed_filters`, is looked for in the newest rows.
    """

    indexed_filters: ClassVar[tuple[str, ...]] = ()
    show_full_result_count = False
    paginator = BoundedPaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        here = request.resolver_match.url_name if request.resolver_match else None
        asked = {name.partition("__")[0] for name in request.GET if name not in PARTS_OF_A_LIST}
        is_list = here is not None and here.endswith("_changelist")
        return _newest(rows) if is_list and asked - set(self.indexed_filters) else rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        numbered = [name.removeprefix("=") for name in self.get_search_fields(request) if str(name).startswith("=")]
        if numbered and search_term.isascii() and search_term.isdecimal() and len(search_term) <= LONGEST_NUMBER:
            found = [Q(**{name: int(search_term)}) for name in numbered]
            return queryset.filter(functools.reduce(operator.or_, found)), False
        return super().get_search_results(request, _newest(queryset) if search_term else queryset, search_term)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """For actions: @admin.action(permissions=["operate"])."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")


def _newest(rows: QuerySet[Any]) -> QuerySet[Any]:
    """By number: what was deleted leaves a gap, and is missing from what is looked through."""
    last = rows.model._default_manager.aggregate(last=Max("pk"))["last"]
    return rows.filter(pk__gt=last - SEARCHED) if isinstance(last, int) else rows


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
