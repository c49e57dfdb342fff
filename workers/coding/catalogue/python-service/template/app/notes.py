"""What the service answers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from app.errors import Invalid
from app.routing import Answer, Request, Routes
from app.store import Store


def notes_service(store: Store) -> Routes:
    """All routes, around one store."""
    routes = Routes()
    about = json.loads((Path(__file__).parent / "about.json").read_text(encoding="utf-8"))

    @routes.route("GET", "/")
    def index(request: Request) -> Answer:
        return Answer({**about, "routes": routes.list()})

    @routes.route("GET", "/health")
    def health(request: Request) -> Answer:
        return Answer({"status": "ok", "notes": len(store.all())})

    @routes.route("GET", "/notes")
    def list_notes(request: Request) -> Answer:
        return Answer({"notes": [asdict(note) for note in store.all(request.query.get("contains", ""))]})

    @routes.route("POST", "/notes")
    def add(request: Request) -> Answer:
        note = store.add(_field(request, "text"))
        return Answer(asdict(note), 201, {"Location": f"/notes/{note.id}"})

    @routes.route("GET", "/notes/{id}")
    def get(request: Request, id: int) -> Answer:
        return Answer(asdict(store.get(id)))

    @routes.route("PUT", "/notes/{id}")
    def change(request: Request, id: int) -> Answer:
        return Answer(asdict(store.change(id, _field(request, "text"))))

    @routes.route("DELETE", "/notes/{id}")
    def forget(request: Request, id: int) -> Answer:
        store.forget(id)
        return Answer(status=204)

    return routes


def _field(request: Request, name: str) -> object:
    if not isinstance(request.body, dict):
        raise Invalid(f'Send a JSON object, such as {{"{name}": "…"}}.')
    if unknown := sorted(set(request.body) - {name}):
        raise Invalid(f"`{unknown[0]}` is not known here; only `{name}` is.")
    return request.body.get(name)
