"""A real web server with a real Valkey on a home of its own, and processes that write what it shows."""
