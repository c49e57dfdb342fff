"""The tools that a model may call. One module per kind of work; port.py says what a tool is."""
