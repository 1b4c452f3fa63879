"""Context windows before sending: a target is left out where the call surely does not fit and another target's does.

"Surely" is a count that no tokenizer goes below: words between white space, of which each takes a token at least. Real
texts take 1.3 tokens a word and more, so a call that is only somewhat too long is still sent; what the provider then
says of it leads to the next target.
"""

from collections.abc import Iterator, Sequence
from typing import Final, cast

from masthead.gateway.call import Call, Exchange, Target

_SHORT_BYTES: Final = 8192
"""A body up to this size holds no more than 4,096 words: no window is looked up for it."""
_READ: Final = ("messages", "input", "system", "instructions", "prompt")


def fitting(targets: Sequence[Target], exchange: Exchange) -> Sequence[Target]:
    """Return the targets that the call may fit; all of them where it surely fits none."""
    size = len(exchange.call.body)
    if len(targets) < 2 or size <= _SHORT_BYTES:
        return targets
    windows = [limits.context_tokens if (limits := one.limits()) is not None else None for one in targets]
    doubtful = [window for window in windows if window is not None and 2 * window < size]
    if not doubtful:
        return targets
    words = words_of(exchange.call, most=max(doubtful) + 1)
    kept = [one for one, window in zip(targets, windows, strict=True) if window is None or words <= window]
    if not kept or len(kept) == len(targets):
        return targets
    exchange.attributes["masthead.gateway.too_small"] = [
        f"{one.connection.name}/{one.model}: over {window} tokens, the context window"
        for one, window in zip(targets, windows, strict=True)
        if window is not None and words > window
    ]
    return kept


def words_of(call: Call, *, most: int) -> int:
    """Count the words that a call asks a model to read, up to `most`."""
    words = 0
    for name in _READ:
        for text in _texts(call.member(name)):
            words += len(text.split(None, most - words))
            if words >= most:
                return most
    return words


def _texts(value: object) -> Iterator[str]:
    """Yield every text within a JSON value; data in base64 are one word."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            left += cast("list[object]", one)
        elif isinstance(one, dict):
            left += cast("dict[str, object]", one).values()
