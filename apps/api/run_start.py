"""What POST /runs takes, and how it becomes a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from django.db import transaction
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from apps.api.budget import BudgetField
from apps.api.caller import Caller
from apps.api.parsing import Flag, Number, Slug, SpecField, Strict, Text, one_of
from apps.api.problems import INVALID, Problem
from apps.api.project_choice import choose_project
from apps.api.runs_on import RunsOnField
from apps.api.spec_problems import counted
from apps.projects.services import slug_from
from apps.providers.configured import is_configured
from apps.providers.reading import BadModels
from apps.runs.models import Run
from apps.runs.plan.workflows import STARTED_BY_NAME, WORKFLOWS
from apps.runs.services.specified import OWN_ENGINE
from apps.runs.services.start import LONGEST_STORY, BadBranch, Wishes, start_run
from apps.specs.models import SpecVersion
from apps.specs.queries import latest_version
from apps.specs.schema.runs_on import not_by
from apps.specs.schema.task import COMMANDS, Engine
from apps.specs.services import keep
from apps.specs.validate import Checked, check, check_data

ENGINES = get_args(Engine)
SOURCES = ("spec", "spec_id", "story")


class StartRun(Strict):
    """One of `spec`, `spec_id` and `story`; or a workflow that needs none of them."""

    spec = SpecField(required=False)
    spec_id = Number(required=False, min_value=1, max_value=2**63 - 1, help_text="A stored spec: its newest version.")
    story = Text(
        required=False,
        max_length=LONGEST_STORY,
        trim_whitespace=True,
        help_text="A sentence or two, from which a model writes the spec.",
    )
    unattended = Flag(
        default=False, help_text="Nobody is asked: what a story leaves unclear is decided, and written into the spec."
    )
    budget = BudgetField(
        required=False, help_text="Less than the installation allows; what is left out is as it has it."
    )
    workflow = serializers.ChoiceField(
        STARTED_BY_NAME, default="build", error_messages=one_of(STARTED_BY_NAME, "Workflow")
    )
    engine = serializers.ChoiceField(list(ENGINES), required=False, error_messages=one_of(ENGINES, "Engine"))
    branch = Text(
        required=False, max_length=100, help_text="Where the work begins, and where it goes. Empty: the project's own."
    )
    runs_on = RunsOnField(
        required=False,
        help_text="Tags of the agents that run the tests, or the commands. Empty: as the spec, else the project says.",
    )
    project = Slug(required=False, help_text="Empty: the spec's `project`, else its id; made at first use.")
    organisation = Slug(required=False, help_text="Needed by who belongs to several, for a project that is new.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in SOURCES if name in attrs]
        if given == ["story"] and attrs["workflow"] == "build":
            attrs["workflow"] = "story"
        workflow = WORKFLOWS[attrs["workflow"]]
        if attrs.get("branch") and not workflow.needs:
            raise serializers.ValidationError({"branch": [f"The workflow {workflow.name} begins on no branch."]})
        if workflow.needs == "story" and given == ["story"]:
            return attrs
        if workflow.needs and len(given) != 1:
            got = f"Got {' and '.join(given)}." if given else "Got none of them."
            raise serializers.ValidationError(f"Send one of spec, spec_id and story. {got}", code="one_of")
        if workflow.needs != "spec" and given:
            raise serializers.ValidationError(
                {given[0]: [f"The workflow {workflow.name} takes no {given[0]}."]}, code="one_of"
            )
        return attrs


def start(caller: Caller, wanted: Mapping[str, Any]) -> Run:
    """Check, keep what is new, and start. Raises Problem: 422 for what is wrong with it, 403 for who may only look."""
    story = wanted.get("story", "")
    if story:
        require_manager()
    with transaction.atomic():
        version: SpecVersion | None = None
        if "spec_id" in wanted:
            version = _stored(caller, wanted["spec_id"])
            project = version.spec.project
            caller.require_change(project.organisation_id)
        else:
            checked = check_spec(wanted["spec"]) if "spec" in wanted else None
            slug = wanted.get("project") or own_project(checked) or slug_from(story[:40]) or wanted["workflow"]
            project = choose_project(caller, slug, wanted.get("organisation"))
            version = keep(project, checked, caller.user) if checked else None
        engine = wanted.get("engine", "")
        _require_model(engine or (OWN_ENGINE if story else ""), version)
        _require_commands(engine, version)
        _require_travellers(wanted.get("runs_on", {}), engine, version)
        wishes = Wishes(
            story,
            engine,
            wanted["unattended"],
            wanted.get("budget", {}),
            wanted.get("branch", ""),
            wanted.get("runs_on", {}),
        )
        try:
            return start_run(project, version, caller.user, workflow=wanted["workflow"], wishes=wishes)
        except BadBranch as error:
            raise serializers.ValidationError({"branch": [str(error)]}) from None


def check_spec(spec: str | dict[str, Any]) -> Checked:
    """Raises Problem with everything that is wrong with it."""
    checked = check(spec) if isinstance(spec, str) else check_data(spec)
    if not checked.ok:
        raise Problem(422, "invalid_spec", **counted("spec", checked.problems))
    return checked


def own_project(checked: Checked | None) -> str:
    if checked is None or checked.spec is None:
        return ""
    return checked.spec.project or checked.spec.id.lower().replace("_", "-").strip("-")


def _stored(caller: Caller, spec_id: int) -> SpecVersion:
    spec = get_object_or_404(caller.specs(), pk=spec_id)
    version = latest_version(spec)
    if version is None:
        raise Problem(422, INVALID, f"The spec {spec.key} has no version yet.")
    return version


def require_manager() -> None:
    """Raises Problem where no model is there to write a spec from a story."""
    if not _is_configured("manager"):
        raise _model_missing("A story needs a model that writes the spec")


def _require_model(engine: str, version: SpecVersion | None) -> None:
    data = version.data if version else {}
    named = engine or data.get("engine")
    engines = {named} if engine else {task.get("engine") or named for task in data.get("tasks", [])} | {named}
    if "model" in engines and not _is_configured("coding"):
        raise _model_missing("The engine `model` needs a model")


def _require_commands(engine: str, version: SpecVersion | None) -> None:
    """The engine `commands` runs what a task lists, and a task that lists something has named it already."""
    if engine != COMMANDS:
        return
    without = [task["id"] for task in version.data["tasks"] if not task.get("engine")] if version else []
    if version is None or without:
        named = f"the task {without[0]} lists none" if without else "a story has none: a model writes its spec"
        detail = f"The engine `{COMMANDS}` runs the `commands` of a spec's tasks, and {named}. See docs/engines.md."
        raise Problem(422, "commands_missing", detail)


def _require_travellers(runs_on: Mapping[str, Any], engine: str, version: SpecVersion | None) -> None:
    """Whoever asks for agents that write the code is told of the first task whose code they cannot write."""
    if not runs_on.get("coding"):
        return
    if version is None:
        raise Problem(422, INVALID, f"runs_on.coding: {not_by(OWN_ENGINE)}")
    default = engine or version.data.get("engine") or "template"
    for task in version.data["tasks"]:
        if (named := task.get("engine") or default) != COMMANDS:
            raise Problem(422, INVALID, f"runs_on.coding: {not_by(named)} The task {task['id']} cannot go there.")


def _is_configured(role: str = "") -> bool:
    try:
        return is_configured(role)
    except BadModels as error:
        raise Problem(409, "models_unreadable", str(error)) from None


def _model_missing(why: str) -> Problem:
    detail = (
        f"{why}, and none is configured. Set HIVE_MODEL (provider/name), and HIVE_MODEL_API_KEY and "
        "HIVE_MODEL_API_BASE where the provider needs them, and start Hive again."
    )
    return Problem(
        422, "model_not_configured", detail, settings=["HIVE_MODEL", "HIVE_MODEL_API_KEY", "HIVE_MODEL_API_BASE"]
    )
