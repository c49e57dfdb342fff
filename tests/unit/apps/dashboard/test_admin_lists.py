"""Admin's lists, said quickly: word for word what Django says of the same rows."""

from __future__ import annotations

import pytest
from django.contrib.admin.templatetags.admin_list import results
from django.test import Client

from apps.accounts.templatetags.quick_list import rows
from apps.runs.models import Run, Task
from tests.unit.apps.dashboard.conftest import World
from tests.unit.apps.dashboard.test_admin import OURS, address, operator

__all__ = ["operator"]
ASKED = ({}, {"o": "-1"}, {"o": "2", "q": "1&<b"}, {"_popup": "1", "_to_field": "id"})


@pytest.mark.parametrize("query", ASKED, ids=str)
def test_a_list_says_what_django_says(world: World, operator: Client, query: dict[str, str]) -> None:
    Run.objects.filter(pk=world.done.pk).update(title="<b>&amp; 'so'", reason="no-such-reason", created_by=None)
    Task.objects.filter(run=world.done).update(key=" ", title='1 & "<b"')
    compared = 0
    for model in OURS:
        answer = operator.get(address(model, "changelist"), query)
        if answer.status_code == 200:  # where nothing can be chosen in a popup, there is none
            lists = [["".join(cells) for cells in say(answer.context["cl"])] for say in (rows, results)]
            assert lists[0] == lists[1], model
            compared += len(lists[0])
    assert compared > 40 or "q" in query


def test_a_text_in_a_list_is_no_markup(world: World, operator: Client) -> None:
    Run.objects.filter(pk=world.done.pk).update(title="<script>alert(1)</script>")
    page = operator.get(address(Run, "changelist")).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


def test_no_list_works_out_each_cell_anew(operator: Client) -> None:
    for model in OURS:
        used = [template.name for template in operator.get(address(model, "changelist")).templates]
        assert "admin/quick_list.html" in used, model
