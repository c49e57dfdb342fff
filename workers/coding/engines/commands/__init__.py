"""Code that is written by commands: generators, codemods, formatters, somebody's own programs."""

from workers.coding.engines.commands.engine import CommandsEngine, Means

__all__ = ["CommandsEngine", "Means"]
