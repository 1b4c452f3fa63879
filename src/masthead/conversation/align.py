"""Lay two conversations beside each other: which turn of one run answers to which turn of the other. Pure.

Turns are matched by who speaks, what is done (act and tool) and the words that are shared. Equal beginnings and ends,
then turns that occur once in both, pin the two together; between the pins the best path is searched (Needleman and
Wunsch), in a band around the diagonal where the stretch is long, so that the work stays linear in the turns.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from zlib import crc32

from masthead.model.alignment import Alignment, Beside, Match
from masthead.model.conversation import Act, Conversation, Turn

ALIKE: Final = 0.5
"""From this share of common words on, the same agent doing the same thing is taken to have taken the same step."""
_CELLS: Final = 600_000
"""How many pairs of turns are weighed at most, give or take the narrowest band; about half a second."""
_NARROWEST: Final = 12
_BITS: Final = 2048
_MOST_WORDS: Final = 400
_WORD = re.compile(r"\w+")
_WHO, _DONE, _WORDS, _WORTH_PAIRING = 0.25, 0.15, 0.6, 0.35

_Pair = tuple[int | None, int | None]


class _Print(NamedTuple):
    """What a turn is compared by. `words` is a set of hashed words as the bits of a number."""

    who: str
    done: str
    said: str
    words: int
    size: int

    @property
    def key(self) -> tuple[str, str, str]:
        return self.who, self.done, self.said


def align(left: Conversation, right: Conversation) -> Alignment:
    """Return both runs' turns in rows, and where they part."""
    mine, others = _prints(left), _prints(right)
    rows = tuple(_row(pair, mine, others) for pair in _pairs(mine, others))
    return Alignment(
        rows=rows,
        divergence=next((place for place, row in enumerate(rows) if row.match not in ("same", "alike")), None),
        difference=next((place for place, row in enumerate(rows) if row.match != "same"), None),
    )


def _prints(conversation: Conversation) -> list[_Print]:
    names = {agent.id: agent.name.casefold() for agent in conversation.agents}
    return [_print(turn, names.get(turn.speaker, turn.speaker.casefold())) for turn in conversation.turns]


def _print(turn: Turn, who: str) -> _Print:
    said = " ".join(f"{turn.text}\n{turn.tool_arguments or ''}".split())
    words = 0
    for word in _WORD.findall(said.casefold())[:_MOST_WORDS]:
        words |= 1 << (crc32(word.encode("utf-8", "surrogatepass")) % _BITS)
    done = f"{turn.act} {turn.tool_name or ''}" if turn.act in (Act.TOOL_CALL, Act.TOOL_RESULT) else str(turn.act)
    return _Print(who, done, said, words, words.bit_count())


def _likeness(a: _Print, b: _Print) -> float:
    """Return the share of words that two turns have in common, 1 where both say nothing."""
    common = (a.words & b.words).bit_count()
    union = a.size + b.size - common
    return common / union if union else 1.0


def _row(pair: _Pair, left: Sequence[_Print], right: Sequence[_Print]) -> Beside:
    mine, other = pair
    if mine is None or other is None:
        return Beside(left=mine, right=other, match="right" if mine is None else "left", likeness=0.0)
    a, b = left[mine], right[other]
    likeness = 1.0 if a.said == b.said else _likeness(a, b)
    match: Match = "changed"
    if a.key == b.key:
        match = "same"
    elif a.who == b.who and a.done == b.done and likeness >= ALIKE:
        match = "alike"
    return Beside(left=mine, right=other, match=match, likeness=round(likeness, 3))


def _pairs(left: Sequence[_Print], right: Sequence[_Print]) -> Iterator[_Pair]:
    """Yield every turn of both, pinned where they agree and aligned between the pins."""
    share = _CELLS / max(1, len(left) + len(right))
    at = (0, 0)
    for pin in [*_pins(left, right), (len(left), len(right))]:
        gap = (range(at[0], pin[0]), range(at[1], pin[1]))
        yield from _between(left, right, *gap, cells=int(share * (len(gap[0]) + len(gap[1]))))
        if pin != (len(left), len(right)):
            yield pin
        at = (pin[0] + 1, pin[1] + 1)


def _pins(left: Sequence[_Print], right: Sequence[_Print]) -> list[tuple[int, int]]:
    """Return pairs of equal turns that rise on both sides: the common beginning and end, and what both say once."""
    shortest = min(len(left), len(right))
    head = next((place for place in range(shortest) if left[place].key != right[place].key), shortest)
    most_tail = shortest - head
    tail = next((back for back in range(most_tail) if left[-1 - back].key != right[-1 - back].key), most_tail)
    ends = (len(left) - tail, len(right) - tail)
    once_left, once_right = _once(left, head, ends[0]), _once(right, head, ends[1])
    candidates = sorted((place, once_right[key]) for key, place in once_left.items() if key in once_right)
    return [
        *((place, place) for place in range(head)),
        *_rising(candidates),
        *((ends[0] + place, ends[1] + place) for place in range(tail)),
    ]


def _once(prints: Sequence[_Print], start: int, end: int) -> dict[tuple[str, str, str], int]:
    """Return where those turns stand that say something and occur once in the stretch."""
    times = Counter(prints[place].key for place in range(start, end))
    return {
        prints[place].key: place
        for place in range(start, end)
        if prints[place].size > 0 and times[prints[place].key] == 1
    }


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a longest chain of the pairs, sorted by their first number, whose second number rises too."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int | None] = []
    for place, (_, value) in enumerate(pairs):
        length = bisect_left(ends, value)
        before.append(last[length - 1] if length else None)
        ends[length : length + 1] = [value]
        last[length : length + 1] = [place]
    chain: list[tuple[int, int]] = []
    at = last[-1] if last else None
    while at is not None:
        chain.append(pairs[at])
        at = before[at]
    return chain[::-1]


def _between(
    left: Sequence[_Print], right: Sequence[_Print], rows: range, columns: range, *, cells: int
) -> Iterator[_Pair]:
    """Yield the best path through a stretch that has no pin in it: pairs that are worth it, and turns alone."""
    if not rows or not columns:
        yield from ((place, None) for place in rows)
        yield from ((None, place) for place in columns)
        return
    half = max(_NARROWEST, cells // (2 * len(rows)))
    slope = len(columns) / len(rows)
    band = [
        (max(0, int(row * slope) - half), min(len(columns), int(row * slope + slope) + half))
        for row in range(len(rows) + 1)
    ]
    steps = _steps([left[place] for place in rows], [right[place] for place in columns], band)
    path: list[_Pair] = []
    row, column = len(rows), len(columns)
    while row or column:
        start, stop = band[row]
        step = steps[row][column - start] if row and start <= column <= stop else _ALONE_RIGHT
        if row and not column:
            step = _ALONE_LEFT
        row -= step != _ALONE_RIGHT
        column -= step != _ALONE_LEFT
        path.append((rows[row] if step != _ALONE_RIGHT else None, columns[column] if step != _ALONE_LEFT else None))
    yield from reversed(path)


_TOGETHER, _ALONE_LEFT, _ALONE_RIGHT = 0, 1, 2


def _steps(left: Sequence[_Print], right: Sequence[_Print], band: Sequence[tuple[int, int]]) -> list[bytearray]:
    """Return, for each place in the band, by which step the best path comes to it."""
    above = [0.0] * (band[0][1] - band[0][0] + 1)
    steps = [bytearray([_ALONE_RIGHT] * len(above))]
    for row, a in enumerate(left, start=1):
        start, stop = band[row]
        shift = start - band[row - 1][0]
        here: list[float] = []
        step = bytearray()
        for column in range(start, stop + 1):
            place = column - start + shift
            best, by = (above[place], _ALONE_LEFT) if place < len(above) else (-1.0, _ALONE_RIGHT)
            if here and here[-1] >= best:
                best, by = here[-1], _ALONE_RIGHT
            if column and 0 <= place - 1 < len(above):
                b = right[column - 1]
                common = (a.words & b.words).bit_count()
                union = a.size + b.size - common
                gain = (_WORDS * common / union if union else _WORDS) - _WORTH_PAIRING
                gain += _WHO * (a.who == b.who) + _DONE * (a.done == b.done)
                if gain > 0 and above[place - 1] + gain > best:
                    best, by = above[place - 1] + gain, _TOGETHER
            here.append(best)
            step.append(by)
        steps.append(step)
        above = here
    return steps
