"""Plots as inline SVG: no script, no network, readable in light and dark, their numbers in words for screen readers.

Colours are classes of the page's style sheet, so that both colour schemes are decided in one place.
"""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

from masthead.report.statistics import Interval

_ROW: Final = 26
_LABEL: Final = 240
_WIDTH: Final = 760
_RIGHT: Final = 70


class Bar(NamedTuple):
    """A labelled share with its interval; `ghost` is the share over the other denominator."""

    label: str
    value: float | None
    interval: Interval | None = None
    ghost: float | None = None


class Whisker(NamedTuple):
    """A labelled difference with its interval, and the least difference that could have been seen."""

    label: str
    value: float
    interval: Interval
    detectable: float | None = None
    is_different: bool = False


def bars(title: str, rows: Sequence[Bar]) -> str:
    """Draw shares from 0 to 100 %: a bar for each, its interval as a line, the other denominator as a mark."""
    inner = _WIDTH - _LABEL - _RIGHT
    parts = [_axis(len(rows), [(share, f"{share:.0%}") for share in (0, 0.25, 0.5, 0.75, 1.0)], inner)]
    for place, row in enumerate(rows):
        top = place * _ROW + 4
        parts.append(_label(row.label, top))
        if row.value is None:
            parts.append(f'<text x="{_LABEL + 4}" y="{top + 13}" class="dim">no verdicts</text>')
            continue
        parts.append(f'<rect x="{_LABEL}" y="{top}" width="{row.value * inner:.1f}" height="18" class="bar"/>')
        if row.interval:
            low, high = (_LABEL + bound * inner for bound in row.interval)
            parts.append(f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{top + 9}" y2="{top + 9}" class="whisker"/>')
        if row.ghost is not None:
            x = _LABEL + row.ghost * inner
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top - 2}" y2="{top + 20}" class="mark"/>')
        parts.append(f'<text x="{_WIDTH - _RIGHT + 8}" y="{top + 13}">{row.value:.1%}</text>')
    words = "; ".join(f"{row.label} {_percent(row.value)}" for row in rows)
    return _svg(title, words, len(rows), parts)


def whiskers(title: str, rows: Sequence[Whisker]) -> str:
    """Draw differences about zero: a point and its interval each, with a band of what could not have been seen."""
    reach = max((max(abs(row.interval.low), abs(row.interval.high), row.detectable or 0) for row in rows), default=0.1)
    reach = max(reach * 1.1, 0.01)
    inner = _WIDTH - _LABEL - _RIGHT

    def x(value: float) -> float:
        return _LABEL + (value + reach) / (2 * reach) * inner

    ticks = [(0.0, f"−{reach:.0%}"), (0.5, "0"), (1.0, f"+{reach:.0%}")]
    parts = [_axis(len(rows), ticks, inner)]
    for place, row in enumerate(rows):
        top, middle = place * _ROW + 4, place * _ROW + 13
        parts.append(_label(row.label, top))
        if row.detectable is not None:
            left = x(-row.detectable)
            parts.append(
                f'<rect x="{left:.1f}" y="{top}" width="{x(row.detectable) - left:.1f}" height="18" class="band"/>'
            )
        style = "sure" if row.is_different else "unsure"
        parts.append(
            f'<line x1="{x(row.interval.low):.1f}" x2="{x(row.interval.high):.1f}" y1="{middle}" y2="{middle}"'
            f' class="{style}"/><circle cx="{x(row.value):.1f}" cy="{middle}" r="4.5" class="{style}"/>'
        )
        parts.append(f'<text x="{_WIDTH - _RIGHT + 8}" y="{middle + 4}">{row.value:+.1%}</text>')
    words = "; ".join(f"{row.label} {row.value:+.1%}" for row in rows)
    return _svg(title, words, len(rows), parts)


_HEAT = 0.55
"""How full the colour of a cell gets, so that its figure stays readable on dark and on light paper."""


def heat(title: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Draw shares as a map of cells, the fuller the more often; the share stands in each cell."""
    width = max(44, min(76, (_WIDTH - _LABEL) // max(1, len(columns))))
    parts: list[str] = []
    for place, column in enumerate(columns):
        x = _LABEL + place * width + width / 2
        parts.append(f'<text x="{x:.0f}" y="14" text-anchor="middle" class="dim">{escape(column)}</text>')
    for line, (name, shares) in enumerate(rows):
        top = 22 + line * _ROW
        parts.append(_label(name, top))
        for place, share in enumerate(shares):
            left, full = _LABEL + place * width, f"{_HEAT * share:.3f}"
            parts.append(
                f'<rect x="{left + 1}" y="{top}" width="{width - 2}" height="22" class="cell" fill-opacity="{full}"/>'
                f'<text x="{left + width / 2:.0f}" y="{top + 15}" text-anchor="middle">{share:.0%}</text>'
            )
    words = "; ".join(
        f"{name}: " + ", ".join(f"{c} {s:.0%}" for c, s in zip(columns, shares, strict=True)) for name, shares in rows
    )
    total = _LABEL + width * len(columns)
    return _frame(title, words, max(total, 300), 22 + len(rows) * _ROW + 4, parts)


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1%}"


def _label(text: str, top: int) -> str:
    shown = text if len(text) <= 36 else text[:35] + "…"
    return (
        f'<text x="{_LABEL - 10}" y="{top + 13}" text-anchor="end">{escape(shown)}<title>{escape(text)}</title></text>'
    )


def _axis(rows: int, ticks: Sequence[tuple[float, str]], inner: int) -> str:
    bottom = rows * _ROW + 6
    parts = [
        f'<line x1="{_LABEL + at * inner:.1f}" x2="{_LABEL + at * inner:.1f}" y1="0" y2="{bottom}" class="grid"/>'
        f'<text x="{_LABEL + at * inner:.1f}" y="{bottom + 15}" text-anchor="middle" class="dim">{escape(name)}</text>'
        for at, name in ticks
    ]
    return "".join(parts)


def _svg(title: str, words: str, rows: int, parts: Sequence[str]) -> str:
    return _frame(title, words, _WIDTH, rows * _ROW + 26, parts)


def _frame(title: str, words: str, width: int, height: int, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return (
        f'<svg {size} role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title><desc>{escape(words)}</desc>{''.join(parts)}</svg>"
    )
