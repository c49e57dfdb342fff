"""What changes agents and what they were given: one function per verb, for API, admin, dashboard and CLI alike."""
