"""The guard: did whoever wrote the code change what judges it? Decided on commits, outside every sandbox."""
