"""Real servers for tests: each module starts a private one on loopback, in a temporary folder, and stops it."""
