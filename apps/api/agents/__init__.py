"""The agents' protocol, docs/agent-protocol.md. Not in the OpenAPI document: its callers have keys or sessions."""
