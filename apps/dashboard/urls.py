"""The addresses of the pages."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from apps.accounts.sign_in import ENTER
from apps.dashboard.pages import (
    incidents,
    jobs,
    memory,
    new_run,
    new_story,
    operating,
    organisations,
    projects,
    releases,
    run,
    run_actions,
    runs,
    sign_in,
    theme,
)

app_name = "dashboard"
urlpatterns = [
    path("", runs.runs, name="runs"),
    path("runs/new/", new_run.new_run, name="new_run"),
    path("runs/new/story/", new_story.new_story, name="new_story"),
    path("runs/new/check/", new_run.check_spec, name="check_spec"),
    path("runs/<int:run_id>/", run.run, name="run"),
    path("runs/<int:run_id>/parts/<slug:name>/", run.part, name="run_part"),
    path("runs/<int:run_id>/cancel/", run_actions.cancel, name="cancel_run"),
    path("runs/<int:run_id>/retry/", run_actions.retry, name="retry_run"),
    path("gates/<int:gate_id>/approve/", run_actions.approve, name="approve_gate"),
    path("gates/<int:gate_id>/reject/", run_actions.reject, name="reject_gate"),
    path("jobs/<int:job_id>/", jobs.job, name="job"),
    path("releases/", releases.releases, name="releases"),
    path("releases/<int:release_id>/", releases.release, name="release"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/<int:incident_id>/", incidents.incident, name="incident"),
    path("projects/", projects.projects, name="projects"),
    path("projects/<int:project_id>/", projects.project, name="project"),
    path("projects/<int:project_id>/secrets/", projects.put_project_secret, name="put_secret"),
    path(
        "projects/<int:project_id>/secrets/<int:secret_id>/delete/",
        projects.delete_project_secret,
        name="delete_secret",
    ),
    path("projects/<int:project_id>/memory/", memory.memory, name="memory"),
    path("projects/<int:project_id>/memory/add/", memory.add_note, name="add_note"),
    path("projects/<int:project_id>/memory/export/", memory.export_memory, name="export_memory"),
    path("projects/<int:project_id>/memory/erase/", memory.erase_memory, name="erase_memory"),
    path("projects/<int:project_id>/memory/<int:note_id>/forget/", memory.forget_note, name="forget_note"),
    path("specs/<int:spec_id>/", projects.spec, name="spec"),
    path("organisations/", organisations.organisations, name="organisations"),
    path("organisations/<slug:slug>/", organisations.organisation, name="organisation"),
    path("organisations/<slug:slug>/keys/", organisations.create, name="create_key"),
    path("organisations/<slug:slug>/keys/<int:key_id>/revoke/", organisations.revoke, name="revoke_key"),
    path("organisations/<slug:slug>/members/", organisations.add, name="add_member"),
    path("organisations/<slug:slug>/members/<int:member_id>/role/", organisations.change, name="change_role"),
    path("organisations/<slug:slug>/members/<int:member_id>/link/", organisations.invite, name="invite_member"),
    path("organisations/<slug:slug>/members/<int:member_id>/remove/", organisations.remove, name="remove_member"),
    path("queues/", operating.operating, name="operating"),
    path("queues/<slug:role>/pause/", operating.pause, name="pause_queue"),
    path("queues/<slug:role>/resume/", operating.resume, name="resume_queue"),
    path("workers/<int:worker_id>/drain/", operating.drain, name="drain_worker"),
    path("workers/<int:worker_id>/resume/", operating.resume_drained, name="resume_worker"),
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path(f"{ENTER}/<str:token>", sign_in.enter, name="enter"),
    path("password/", sign_in.password, name="password"),
    path("favicon.ico", RedirectView.as_view(url="/static/img/mark.svg"), name="favicon"),
    path("theme/", theme.theme, name="theme"),
]
