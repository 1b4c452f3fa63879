"""What people should not find in a text: how it is recognised, and how it is replaced, whatever takes its place.

The patterns run in RE2: its time is linear in the text whatever the pattern, so that nobody need be trusted with one,
and one search over all of them costs 5 µs for 2.4 KB, against 370 µs in `re`.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, Protocol, cast

import re2

from masthead.model.errors import InvalidInput
from masthead.model.tenancy import RedactionKind

_MAX_PATTERN_CHARS: Final = 1000
_CARD_DIGITS: Final = range(13, 20)
_PHONE_DIGITS: Final = 8


class Match(Protocol):
    """What we use of a match of RE2; the package has no types of its own."""

    def group(self, number: int = 0) -> str | None:
        """Return the text of a group; of all, for 0."""
        ...

    def span(self, number: int = 0) -> tuple[int, int]:
        """Return where a group begins and ends."""
        ...


class Pattern(Protocol):
    """What we use of a compiled pattern of RE2."""

    def search(self, text: str, pos: int = 0) -> Match | None:
        """Return the first match from a place on; what is before it counts as context."""
        ...

    def sub(self, repl: Callable[[Match], str], text: str) -> str:
        """Return the text with all matches replaced."""
        ...


Put = Callable[[str], str]
"""Gets what is to be taken out; returns what takes its place."""
Replace = Callable[[Match, Put], str | None]
"""Gets a match; returns the new text, or None to leave it."""


class Rule(NamedTuple):
    """How one kind of text is recognised."""

    kind: str
    source: str
    replace: Replace


class Sensitive:
    """Finds what some rules recognise. Safe to use from several threads."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [(rule.kind, compiled(rule.source), rule.replace) for rule in rules]
        self._any = compiled("|".join(f"(?:{rule.source})" for rule in rules)) if rules else None

    def is_in(self, text: str) -> bool:
        """Say whether the text may hold any of it: no is certain."""
        return self._any is not None and self._any.search(text) is not None

    def replaced(self, text: str, put: Callable[[str, str], str]) -> str:
        """Return the text with all of it replaced; `put` gets the kind and the text that is taken out."""
        for kind, pattern, replace in self._rules:
            text = pattern.sub(partial(_replaced, replace, partial(put, kind)), text)
        return text


def _replaced(replace: Replace, put: Put, match: Match) -> str:
    new = replace(match, put)
    return match.group(0) or "" if new is None else new


_ESCAPE: Final = r"(\\(?:[nrtbf]|u[0-9a-fA-F]{4}))?"
"""An escaped character of JSON text, whose last letter must not be taken for the beginning of a word."""
_START: Final = r"(^[.\-]*|[^0-9A-Za-z.\-][.\-]*|\\(?:[nrtbf]|u[0-9a-fA-F]{4}))"
"""Where a word begins that is not the rest of a longer one, of a number or of an identifier."""
_LOOSE_START: Final = r"(^[.\-]*|[^0-9A-Za-z.\-][.\-]*|[A-Za-z][.\-]+|\\(?:[nrtbf]|u[0-9a-fA-F]{4}))"
_ANY_START: Final = r"(^|[^0-9A-Za-z]|\\(?:[nrtbf]|u[0-9a-fA-F]{4}))"
_EMAIL: Final = _ESCAPE + r"[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]+(?:@|%40)[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+"
_PHONES: Final = (
    _ANY_START + r"((?:\+|00)[1-9](?:(?:[ .\-/\x{A0}]|\) ?| ?\()?\d){7,14})",
    _LOOSE_START + r"((?:1[ .-])?(?:\(\d{3}\)[ .-]?|\d{3}[ .-])\d{3}[ .-]\d{4})",
    _START + r"(0\d{1,4}[ /-]\d{3,5}(?:[ -]?\d{2,5}){0,2})",
)
_CARD: Final = r"\d(?:[ -]?\d){12,}"
_TOKENS: Final = (
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{30,}"
    r"|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}|xox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|mh_[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,}"
    r"|ya29\.[A-Za-z0-9_-]{20,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{16,}"
    r"|eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,3}"
    r"|-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s:,.()]|-[A-Za-z0-9]|\\[nrt])*"
    r"(?:-----END [A-Z0-9 ]{0,40}-----)?"
)
_DASHED_KEY: Final = _LOOSE_START + r"((?:sk|pk|rk|mh|key)-[A-Za-z0-9_-]{16,})"
_BEARER: Final = r"((?i:bearer|basic)(?:\s|%20|\+)+)([A-Za-z0-9._~+/=-]{12,})"
_ADDRESS: Final = r"([a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@\"'\\]*:)([^\s/@\"'\\]+)(@)"
_KEY_WORDS: Final = (
    r"(?:api|access|secret|private|auth|account|encryption|signing|service|master)[_\- ]?(?:key|token|secret)"
    r"|apikey|secret|client[_-]?secret|(?:refresh|session|id|bearer)[_-]?token|passw(?:or)?d|passphrase|pwd|credentials?"
)
_ASSIGNED: Final = (
    rf"((?i:{_KEY_WORDS})(?:\\*[\"'`])?\s{{0,3}}(?:=>|[:=]|\s(?:is|was))\s{{0,3}}(?:\\*[\"'`])?)"
    r"([^\s\"'`\\,;<>&]{6,})"
)


def whole(match: Match, put: Put) -> str:
    """Take the whole match out."""
    return put(match.group(0) or "")


def behind_first(match: Match, put: Put) -> str:
    """Take out what stands behind the first group, which is what comes before the word."""
    before = match.group(1) or ""
    return before + put((match.group(0) or "")[len(before) :])


def _between(match: Match, put: Put) -> str:
    return f"{match.group(1)}{put(match.group(2) or '')}{match.group(3)}"


def _phone(match: Match, put: Put) -> str | None:
    digits = sum(character.isdigit() for character in match.group(2) or "")
    return behind_first(match, put) if digits >= _PHONE_DIGITS else None


def _dashed_key(match: Match, put: Put) -> str | None:
    has_digit = any(character.isdigit() for character in match.group(2) or "")
    return behind_first(match, put) if has_digit else None


def _assigned(match: Match, put: Put) -> str | None:
    return behind_first(match, put) if _looks_random(match.group(2) or "") else None


def _card(match: Match, put: Put) -> str | None:
    """Replace the card numbers in a run of digits; they begin and end where the run's groups do."""
    groups = re.split(r"([ -])", match.group(0) or "")
    kept: list[str] = []
    position, is_found = 0, False
    while position < len(groups):
        length = _card_length(groups, position)
        is_found = is_found or length > 0
        kept += [put("".join(groups[position : position + length]))] if length else [groups[position]]
        position += length or 1
        kept += groups[position : position + 1]
        position += 1
    return "".join(kept) if is_found else None


def _card_length(groups: Sequence[str], start: int) -> int:
    """Return how many groups and separators from `start` on make up a card number, 0 for none."""
    digits = ""
    for position in range(start, len(groups), 2):
        digits += groups[position]
        if is_card(digits):
            return position + 1 - start
        if len(digits) >= _CARD_DIGITS.stop:
            break
    return 0


def is_card(digits: str) -> bool:
    """Say whether it could be a card: a major issuer's first digits, a right length and Luhn's check digit."""
    if len(digits) not in _CARD_DIGITS or digits[0] not in "23456":
        return False
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(one - 9 if one > 9 else one for one in doubled)) % 10 == 0


def _looks_random(value: str) -> bool:
    """Say whether a value looks like a key or password rather than a word: digits among letters, or high entropy."""
    has_digit = any(character.isdigit() for character in value)
    has_letter = any(character.isalpha() for character in value)
    counts = Counter(value)
    bits = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return (has_digit and has_letter) or (len(value) >= 16 and bits >= 3.5)


def compiled(pattern: str) -> Pattern:
    """Compile a pattern of ours."""
    options = cast("Any", re2).Options()
    options.log_errors = False
    return cast("Pattern", cast("Any", re2).compile(pattern, options))


def checked(pattern: str, where: str) -> Pattern:
    """Compile somebody's pattern; raise `InvalidInput` where it cannot be used."""
    if len(pattern) > _MAX_PATTERN_CHARS:
        raise InvalidInput(f"a pattern of {len(pattern)} characters is over {_MAX_PATTERN_CHARS}", where=where)
    try:
        made = compiled(pattern)
    except cast("type[Exception]", cast("Any", re2).error) as error:
        raise InvalidInput(
            f"{pattern!r} is not a pattern of RE2 ({error}); it knows no look-around and no back-references",
            where=where,
        ) from error
    if made.search("") is not None:
        raise InvalidInput(f"{pattern!r} matches the empty text: it would be found everywhere", where=where)
    return made


_ORDER: Final[tuple[RedactionKind, ...]] = ("secret", "email", "card", "phone")
_RULES: Final[Mapping[RedactionKind, tuple[Rule, ...]]] = {
    "secret": (
        Rule("secret", _TOKENS, whole),
        Rule("secret", _DASHED_KEY, _dashed_key),
        Rule("secret", _BEARER, behind_first),
        Rule("secret", _ADDRESS, _between),
        Rule("secret", _ASSIGNED, _assigned),
    ),
    "email": (Rule("email", _EMAIL, behind_first),),
    "card": (Rule("card", _CARD, _card),),
    "phone": tuple(Rule("phone", source, _phone) for source in _PHONES),
}


def rules_of(kinds: Sequence[RedactionKind]) -> list[Rule]:
    """Return the rules of some kinds, in the order in which they are to be applied."""
    return [rule for kind in _ORDER if kind in kinds for rule in _RULES[kind]]
