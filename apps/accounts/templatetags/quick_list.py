"""The rows of a list in admin, as Django says them, in a third of the time.

Django finds out anew for every cell what is the same for its whole column (the field, its choices, where its links
lead), and renders templates for every checkbox. Lists in a popup, and those that are edited in place, are left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

from django import template
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.templatetags import admin_list
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import display_for_field
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
Say = Callable[[Any], str]  # what one row says in a column, or in an address
ANY_ROW = 987_654_321
CHECKBOX = (
    '<td class="action-checkbox"><input type="checkbox" name="{}" value="{}" class="action-select"'
    ' aria-label="Select this object for an action - {}"></td>'
)


@register.inclusion_tag("admin/change_list_results.html")
def quick_result_list(cl: ChangeList) -> dict[str, Any]:
    empty = copy(cl)
    empty.result_list = ()
    return {**admin_list.result_list(empty), "cl": cl, "results": list(rows(cl))}


class Row(list[SafeString]):
    """What the template asks of a row: its cells, here as one, and a form that is edited in place."""

    form = None


def rows(cl: ChangeList) -> Iterator[Any]:
    if cl.is_popup or cl.formset:
        yield from admin_list.results(cl)
        return
    cells = list(_cells(cl))
    for row in cl.result_list:
        yield Row([mark_safe("".join([cell(row) for cell in cells]))])  # noqa: S308 - each cell has escaped its own


def _cells(cl: ChangeList) -> Iterator[Say]:
    link, tag = _link(cl), "th"
    for name in cl.list_display:
        field = _field(cl, name)
        if name == "action_checkbox":
            yield lambda row: format_html(CHECKBOX, ACTION_CHECKBOX_NAME, row.pk, row)
        elif field is None:
            yield _as_django(cl, name)
        elif name in cl.list_display_links:
            yield _cell(tag, field, _value(cl, field, avoid_link=True), link)
            tag = "td"
        else:
            yield _cell("td", field, _value(cl, field))


def _field(cl: ChangeList, name: Any) -> models.Field[Any, Any] | None:
    """None where the column is something else, which Django had better say itself."""
    try:
        field = cl.lookup_opts.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if isinstance(field, models.Field) and field.name == name else None


def _as_django(cl: ChangeList, name: Any) -> Say:
    alone = copy(cl)
    alone.list_display = [name]
    return lambda row: next(admin_list.items_for_result(alone, row, None))


def _value(cl: ChangeList, field: models.Field[Any, Any], avoid_link: bool = False) -> Say:
    name, nothing = field.name, cl.model_admin.get_empty_value_display()
    if field.flatchoices:
        labels = dict(field.flatchoices)
        return lambda row: labels.get(getattr(row, name), nothing)
    if isinstance(field, models.ForeignKey):
        return lambda row: nothing if (value := getattr(row, name)) is None else str(value)
    return lambda row: display_for_field(_unless_blank(getattr(row, name)), field, nothing, avoid_link)


def _unless_blank(value: Any) -> Any:
    return "" if isinstance(value, str) and not value.strip() else value


def _cell(tag: str, field: models.Field[Any, Any], value: Say, link: Say | None = None) -> Say:
    wide = isinstance(field, models.DateField | models.TimeField | models.ForeignKey)
    start = f'<{tag} class="field-{field.name}{" nowrap" * wide}">'
    if link is None:
        return lambda row: f"{start}{conditional_escape(value(row))}</{tag}>"
    return lambda row: f'{start}<a href="{conditional_escape(link(row))}">{conditional_escape(value(row))}</a></{tag}>'


def _link(cl: ChangeList) -> Say:
    """Where a row's page is, with the way back to this list as it stands."""
    context: dict[str, Any] = {"preserved_filters": cl.preserved_filters, "opts": cl.opts}
    if not isinstance(cl.lookup_opts.pk, models.IntegerField):
        return lambda row: add_preserved_filters(context, cl.url_for_result(row))
    name = f"admin:{cl.opts.app_label}_{cl.opts.model_name}_change"
    address = reverse(name, args=[ANY_ROW], current_app=cl.model_admin.admin_site.name)
    before, _, after = add_preserved_filters(context, address).partition(str(ANY_ROW))
    return lambda row: f"{before}{row.pk}{after}"
