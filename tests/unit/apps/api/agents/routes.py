"""What agents alone ask, with a token of their own: test_protocol.py says who gets what there."""

AGENT_ROUTES = {
    "POST agent-register",
    "POST agent-token",
    "POST agent-heartbeat",
    "GET jobs-next",
    "PUT job-status",
    "PATCH job-log",
    "POST job-artifacts",
}
