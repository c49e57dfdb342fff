"""Start a run of a story: a sentence or two, from which the manager writes the spec."""

from __future__ import annotations

from dataclasses import replace

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.dashboard.answers import moved
from apps.dashboard.pages.new_run import Draft, form_page, may_start_in
from apps.dashboard.reads.numbers import whole_number
from apps.dashboard.visitor import page, visitor
from apps.projects.services import BadSlug, project_named, slug_from
from apps.providers.configured import is_configured
from apps.providers.reading import BadModels
from apps.runs.services.start import LONGEST_STORY, Wishes, start_run

NO_MODEL = (
    "A story needs a model that writes the spec, and none is configured. Set HIVE_MODEL (provider/name) and what the"
    " provider needs, and start Hive again."
)


@page("POST")
def new_story(request: HttpRequest) -> HttpResponse:
    user = visitor(request)
    organisations = may_start_in(user)
    if not organisations:
        raise PermissionDenied("Your role lets you look, not start runs. An owner can give you another one.")
    draft = _read(request)
    error = draft.story_error or _missing_model()
    if error:
        return form_page(request, organisations, replace(draft, story_error=error), status=422)
    organisation = next((one for one in organisations if one.pk == draft.organisation), organisations[0])
    wishes = Wishes(draft.story, unattended=draft.unattended)
    try:
        with transaction.atomic():
            project = project_named(organisation, draft.project or slug_from(draft.story[:40]) or "story")
            run = start_run(project, None, user, workflow="story", wishes=wishes)
    except BadSlug as error:
        return form_page(request, organisations, replace(draft, story_error=str(error)), status=422)
    return moved(request, reverse("dashboard:run", args=[run.pk]))


def _read(request: HttpRequest) -> Draft:
    story = request.POST.get("story", "").replace("\r\n", "\n").strip()
    draft = Draft(
        story=story[:LONGEST_STORY],
        project=request.POST.get("project", "").strip()[:100],
        organisation=whole_number(request.POST.get("organisation")),
        unattended="unattended" in request.POST,
    )
    if not story:
        return replace(draft, story_error="Say in a sentence or two what you want.")
    if len(story) > LONGEST_STORY:
        return replace(draft, story_error=f"A story has at most {LONGEST_STORY:,} characters; this one {len(story):,}.")
    return draft


def _missing_model() -> str:
    try:
        return "" if is_configured("manager") and is_configured("coding") else NO_MODEL
    except BadModels as error:
        return str(error)
