"""From a story to a spec: a model reads, asks, proposes; Hive checks."""
