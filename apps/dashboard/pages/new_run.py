"""Start a run: write, paste or upload a spec, see at once what is wrong with it, and send it off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from apps.accounts.access import MAY_CHANGE, visible_organisations
from apps.accounts.models import Organisation, User
from apps.dashboard.answers import moved
from apps.dashboard.reads.numbers import whole_number
from apps.dashboard.reads.run_list import filter_projects
from apps.dashboard.reads.samples import samples
from apps.dashboard.visitor import page, visitor
from apps.projects.services import BadSlug, project_named, slug_from
from apps.runs.models import Run
from apps.runs.services.start import start_run
from apps.specs.queries import versions_visible_to
from apps.specs.reading.bounds import MAX_BYTES
from apps.specs.services import keep
from apps.specs.validate import Checked, Problem, check

UPLOAD_LIMIT_BYTES = 8 * MAX_BYTES  # beyond this a file is not even read to be told how large it is
PROBLEMS_SHOWN = 100


@dataclass(frozen=True)
class Draft:
    """What the form holds, and what was found in it."""

    text: str = ""
    project: str = ""
    organisation: int | None = None
    checked: Checked | None = None
    error: str = ""
    story: str = ""
    unattended: bool = False
    story_error: str = ""
    lines: Sequence[tuple[int, str, Sequence[Problem]]] = field(default_factory=list)

    @property
    def problems(self) -> Sequence[Problem]:
        return self.checked.problems[:PROBLEMS_SHOWN] if self.checked else ()

    @property
    def more_problems(self) -> int:
        return len(self.checked.problems) - PROBLEMS_SHOWN if self.checked else 0


@page("GET", "POST")
def new_run(request: HttpRequest) -> HttpResponse:
    user = visitor(request)
    organisations = may_start_in(user)
    if not organisations:
        raise PermissionDenied("Your role lets you look, not start runs. An owner can give you another one.")
    if request.method == "GET":
        return form_page(request, organisations, _beginning(request, user))
    draft = read_draft(request)
    if "check" not in request.POST and draft.checked and draft.checked.ok:
        try:
            run = _start(user, organisations, draft, draft.checked)
        except BadSlug as error:
            return form_page(request, organisations, replace(draft, error=str(error)), status=422)
        return moved(request, reverse("dashboard:run", args=[run.pk]))
    return form_page(request, organisations, draft, status=200 if "check" in request.POST else 422)


@page("POST")
def check_spec(request: HttpRequest) -> HttpResponse:
    """What is wrong with the text so far: for the form, while somebody types."""
    return render(request, "dashboard/new_run/_problems.html", {"draft": read_draft(request)})


def may_start_in(user: User) -> Sequence[Organisation]:
    if user.is_superuser:
        return list(Organisation.objects.order_by("pk")[:200])
    mine = visible_organisations(user).filter(memberships__user=user, memberships__role__in=MAY_CHANGE)
    return list(mine.distinct().order_by("pk"))


def form_page(
    request: HttpRequest, organisations: Sequence[Organisation], draft: Draft, *, status: int = 200
) -> HttpResponse:
    context = {
        "draft": draft,
        "organisations": organisations,
        "projects": filter_projects(visitor(request)),
        "samples": samples().values(),
    }
    return render(request, "dashboard/new_run/page.html", context, status=status)


def _beginning(request: HttpRequest, user: User) -> Draft:
    """An empty form, a sample, or a spec that was run before."""
    if sample := samples().get(request.GET.get("sample", "")):
        return Draft(text=sample.text)
    number = whole_number(request.GET.get("version"))
    if number is None:
        return Draft(project=request.GET.get("project", "")[:60])
    version = get_object_or_404(versions_visible_to(user), pk=number)
    return Draft(
        text=version.text, project=version.spec.project.slug, organisation=version.spec.project.organisation_id
    )


def read_draft(request: HttpRequest) -> Draft:
    """The form's values, checked. An uploaded file counts instead of the text."""
    draft = Draft(
        project=request.POST.get("project", "").strip()[:100],
        organisation=whole_number(request.POST.get("organisation")),
    )
    upload = request.FILES.get("file")
    if upload is not None and upload.size:
        if upload.size > UPLOAD_LIMIT_BYTES:
            return replace(draft, error=f"The file has {upload.size:,} bytes; a spec has at most {MAX_BYTES:,}.")
        checked = check(upload.read())
        return replace(draft, text=checked.text, checked=checked, lines=_annotate(checked))
    text = request.POST.get("spec", "").replace("\r\n", "\n")
    if not text.strip():
        return replace(draft, error="Write a spec, choose a sample, or upload a file.")
    checked = check(text)
    return replace(draft, text=text, checked=checked, lines=_annotate(checked))


def _annotate(checked: Checked) -> list[tuple[int, str, list[Problem]]]:
    """The lines that have problems, each with a line before it, and what is wrong there."""
    by_line: dict[int, list[Problem]] = {}
    for problem in checked.problems[:PROBLEMS_SHOWN]:
        by_line.setdefault(problem.line or 0, []).append(problem)
    lines = checked.text.split("\n")
    wanted = sorted({near for line in by_line if line for near in (line - 1, line) if 0 < near <= len(lines)})
    return [(number, lines[number - 1][:300], by_line.get(number, [])) for number in wanted]


def _start(user: User, organisations: Sequence[Organisation], draft: Draft, checked: Checked) -> Run:
    """All or nothing: no project and no version stay behind of a run that could not be recorded."""
    assert checked.spec is not None  # noqa: S101 - the caller has looked
    organisation = next((one for one in organisations if one.pk == draft.organisation), organisations[0])
    slug = draft.project or checked.spec.project or slug_from(checked.spec.id)
    with transaction.atomic():
        project = project_named(organisation, slug, "" if draft.project else checked.spec.title)
        return start_run(project, keep(project, checked, user), user)
