"""The service: routes over HTTP (http.py, routes.py) around a store of notes (store.py)."""
