"""The Budget port: what a run may still spend. Asked before each call, told afterwards; the fake is beside it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

from workers.llm.port import Usage


class BudgetExhausted(Exception):
    """The budget is used up; the call was not made. `limit` is the one that is reached: money, calls, tokens …"""

    def __init__(self, message: str, limit: str) -> None:
        super().__init__(message)
        self.limit = limit


@dataclass(frozen=True)
class Ask:
    """The most that one call can use. `cost_micros` is None where the model's price is unknown."""

    model: str
    tokens: int
    cost_micros: int | None


@dataclass(frozen=True)
class Reservation:
    """A part of the budget that is set aside for one call, until settle() or release()."""

    id: int
    ask: Ask


class Budget(Protocol):
    """What is left for a job. All methods may be called from any thread, and of one budget from many jobs at once."""

    def reserve(self, ask: Ask) -> Reservation:
        """Set aside the most that a call can use. Raises BudgetExhausted where that is more than what is left."""

    def settle(self, reservation: Reservation, usage: Usage) -> None:
        """Book what the call really used, and give the rest back."""

    def release(self, reservation: Reservation) -> None:
        """Give all of it back: the provider did no work for it."""

    def step(self) -> None:
        """Count one step of a job's loop. Raises BudgetExhausted."""


class FakeBudget:
    """A budget in memory. `asked`, `settled` and `released` tell afterwards what was done with it."""

    def __init__(
        self, *, calls: int = 1_000, tokens: int = 10**9, cost_micros: int = 10**12, steps: int = 1_000
    ) -> None:
        self.left = {"calls": calls, "tokens": tokens, "money": cost_micros, "steps": steps}
        self.asked: list[Ask] = []
        self.settled: list[Usage] = []
        self.released: list[Reservation] = []
        self._lock = threading.Lock()

    def reserve(self, ask: Ask) -> Reservation:
        with self._lock:
            self._take(calls=1, tokens=ask.tokens, money=ask.cost_micros or 0)
            self.asked.append(ask)
            return Reservation(len(self.asked), ask)

    def settle(self, reservation: Reservation, usage: Usage) -> None:
        with self._lock:
            self.settled.append(usage)
            self.left["tokens"] += reservation.ask.tokens - usage.tokens
            self.left["money"] += (reservation.ask.cost_micros or 0) - (usage.cost_micros or 0)

    def release(self, reservation: Reservation) -> None:
        with self._lock:
            self.released.append(reservation)
            self.left["calls"] += 1
            self.left["tokens"] += reservation.ask.tokens
            self.left["money"] += reservation.ask.cost_micros or 0

    def step(self) -> None:
        with self._lock:
            self._take(steps=1)

    def _take(self, **amounts: int) -> None:
        for name, amount in amounts.items():
            if self.left[name] < amount:
                raise BudgetExhausted(f"The budget is used up: {self.left[name]} {name} left.", name)
        for name, amount in amounts.items():
            self.left[name] -= amount
