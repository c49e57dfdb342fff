"""The model gateway: Hive's models for a program that only speaks OpenAI's interface, on loopback, for one job."""

from workers.llm.gateway.server import Gateway

__all__ = ["Gateway"]
