"""Endpoint: one model at one provider's address, with what is known of its price and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_OUTPUT_TOKENS = 8192
KEYLESS = ("ollama", "ollama_chat")


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens, which are millionths of a dollar per token."""

    input: float
    output: float
    cached: float | None = None  # of input that the provider read from its cache; None: as input

    def micros(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> int:
        """What these tokens cost, rounded up."""
        cached = self.input if self.cached is None else self.cached
        total = (input_tokens - cached_tokens) * self.input + cached_tokens * cached + output_tokens * self.output
        return -int(-total // 1)


FREE = Price(0, 0, 0)


@dataclass(frozen=True)
class Endpoint:
    """`model` is litellm's provider/name. An empty `api_base` is the provider's own address."""

    model: str
    api_key: str = field(default="", repr=False)
    api_base: str = ""
    price: Price | None = None  # None: what litellm's table says, if it knows the model
    max_output_tokens: int = MAX_OUTPUT_TOKENS
    stall_s: float = 120.0  # so long nothing may arrive, before the first piece or between two

    @property
    def provider(self) -> str:
        return self.model.partition("/")[0]

    @property
    def route(self) -> str:
        """How litellm is asked for it: of Ollama's two interfaces, the one that knows conversations and tools."""
        provider, _, name = self.model.partition("/")
        return f"ollama_chat/{name}" if provider == "ollama" else self.model
