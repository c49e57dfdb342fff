"""MCP servers of a project: their tools are listed and called, and whatever they do, the job goes on.

`port` says what there is to know, and imports no SDK; `servers` speaks to them, and takes a second
to import.
"""
