"""Real agents as processes, against a real web server with a real Valkey."""
