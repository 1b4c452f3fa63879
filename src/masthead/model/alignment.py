"""Two conversations laid beside each other, turn by turn."""

from dataclasses import dataclass
from typing import Literal

Match = Literal["same", "alike", "changed", "left", "right"]
"""How the turns of a row agree: word for word; the same step in other words; another step; or on one side only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """One row: a turn of each run, or of one run where the other has nothing like it. `likeness` is in [0, 1]."""

    left: int | None
    right: int | None
    match: Match
    likeness: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Alignment:
    """Every turn of both runs exactly once, in order.

    `divergence` is the first row where the two did different things, `difference` the first that is not word for word
    the same; None where there is none.
    """

    rows: tuple[Beside, ...]
    divergence: int | None
    difference: int | None
