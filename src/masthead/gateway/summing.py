"""Metrics of several processes as those of one: samples of the same name and labels added up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_EXTREME: Final = "_longest_"
"""In the names of gauges of which the largest counts, not the sum."""


@dataclass(slots=True)
class _Family:
    heads: dict[str, None] = field(default_factory=dict[str, None])
    kind: str = ""
    samples: dict[str, float] = field(default_factory=dict[str, float])


def summed(living: Sequence[str], gone: str = "") -> str:
    """Return texts of metrics (as `metrics.text_of` writes them) as one; of processes that are gone, counters alone."""
    families: dict[str, _Family] = {}
    for text in living:
        _add(families, text)
    _add(families, gone, is_gone=True)
    lines = [line for family in families.values() if family.samples for line in _written(family)]
    return "".join(f"{line}\n" for line in lines)


def _add(families: dict[str, _Family], text: str, *, is_gone: bool = False) -> None:
    family = _Family()
    for line in text.splitlines():
        if line.startswith("# "):
            _, word, name, rest = line.split(" ", 3)
            family = families.setdefault(name, _Family())
            family.heads[line] = None
            if word == "TYPE":
                family.kind = rest
        elif not (is_gone and family.kind == "gauge"):
            sample, _, value = line.rpartition(" ")
            before = family.samples.get(sample, 0.0)
            family.samples[sample] = max(before, float(value)) if _EXTREME in sample else before + float(value)


def _written(family: _Family) -> list[str]:
    samples = [f"{name} {int(value) if value.is_integer() else value}" for name, value in family.samples.items()]
    return [*family.heads, *samples]
