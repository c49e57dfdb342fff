"""Money in words."""

from __future__ import annotations

MILLION = 1_000_000


def dollars(micros: int) -> str:
    """$1.20; small amounts with as many digits as say something."""
    amount = micros / MILLION
    return f"${amount:,.2f}" if amount >= 1 or micros == 0 else f"${amount:.4f}"
