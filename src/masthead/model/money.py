"""Amounts of US dollars as people read them."""

from decimal import Decimal
from typing import Final

_SMALL: Final = Decimal("0.001")


def dollars(amount: Decimal) -> str:
    """Return an amount with what matters of it: cents from a dollar on, and two digits of what is a fraction of a cent.

    So what a call of a cheap model costs is never written like what costs nothing.
    """
    if amount == 0 or abs(amount) >= 1:
        return f"${amount:.2f}"
    if abs(amount) >= _SMALL:
        return f"${amount:.4f}"
    return f"${amount.quantize(Decimal(1).scaleb(amount.adjusted() - 1)):f}"
