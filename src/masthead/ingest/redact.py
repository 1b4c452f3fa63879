"""Redaction at the door: what people should not find in a trace is replaced before anything is written to disk.

The patterns run in RE2: its time is linear in the text whatever the pattern, so that a project's own patterns need no
trust, and one search over all of them costs 5 µs for 2.4 KB, against 370 µs in `re`. JSON text in which something is
found, or whose escapes could hide something, is read, redacted inside and written again, so that it stays JSON.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol, cast

import orjson
import re2

from masthead.ingest.wire import JsonObject, WireEvent, WireLink, WireSpan
from masthead.model.errors import InvalidInput
from masthead.model.span import AttributeValue
from masthead.model.tenancy import Redaction, RedactionKind

_MAX_PATTERN_CHARS: Final = 1000
_NESTED_JSON: Final = 4
_CARD_DIGITS: Final = range(13, 20)
_PHONE_DIGITS: Final = 8


class _Match(Protocol):
    def group(self, number: int = 0) -> str | None: ...
    def end(self) -> int: ...


class _Pattern(Protocol):
    """What we use of a compiled RE2 pattern; the package has no types of its own."""

    def search(self, text: str) -> _Match | None: ...
    def sub(self, repl: Callable[[_Match], str], text: str) -> str: ...


Replace = Callable[[_Match, str], str | None]
"""Gets a match and the mark that replaces what is redacted; returns the new text, or None to leave it."""


class _Rule(NamedTuple):
    kind: str
    pattern: _Pattern
    replace: Replace


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
_SECRET_KEYS: Final = frozenset(
    {
        "apikey", "accesskey", "secretkey", "privatekey", "secret", "clientsecret", "accesstoken", "refreshtoken",
        "authtoken", "idtoken", "sessiontoken", "bearertoken", "password", "passwd", "pwd", "passphrase",
        "authorization", "proxyauthorization", "xapikey", "cookie", "setcookie", "credentials",
    }
)  # fmt: skip
"""Names whose value is a secret whatever it looks like; dashes, underscores, case and what is before a dot aside."""


class Redactor:
    """Redacts the texts of spans as one project wants it. Safe to use from several threads."""

    def __init__(self, redaction: Redaction) -> None:
        self._rules = [rule for kind in _ORDER if kind in redaction.kinds for rule in _rules_of(kind)]
        self._hides_secret_keys = "secret" in redaction.kinds
        self._hides_cards = "card" in redaction.kinds
        sources = [source for kind in _ORDER if kind in redaction.kinds for source in _SOURCES[kind]]
        for place, custom in enumerate(redaction.custom):
            where = f"redaction.custom[{place}].pattern"
            self._rules.append(_Rule(custom.name, _compiled_custom(custom.pattern, where), _whole))
            sources.append(custom.pattern)
        self._any = _compiled("|".join(f"(?:{source})" for source in sources)) if sources else None

    def spans(self, spans: Sequence[WireSpan]) -> tuple[list[WireSpan], Counter[str]]:
        """Return the spans without what is to be redacted, and how often each kind was."""
        counts: Counter[str] = Counter()
        resource: JsonObject | None = None
        clean_resource: JsonObject = {}
        clean: list[WireSpan] = []
        for span in spans:
            if span.resource is not resource:
                resource = span.resource
                clean_resource = self._object(resource, counts)
            clean.append(self._span(span, clean_resource, counts))
        return clean, counts

    def text(self, text: str, counts: Counter[str]) -> str:
        """Return the text without what is to be redacted, counting it by kind."""
        return self._text(text, counts, _NESTED_JSON)

    def _span(self, span: WireSpan, resource: JsonObject, counts: Counter[str]) -> WireSpan:
        return span._replace(
            name=self.text(span.name, counts),
            status_message=self.text(span.status_message, counts),
            attributes=self._object(span.attributes, counts),
            events=tuple(
                WireEvent(self.text(one.name, counts), one.time_ns, self._object(one.attributes, counts))
                for one in span.events
            ),
            links=tuple(
                WireLink(one.trace_id, one.span_id, self._object(one.attributes, counts)) for one in span.links
            ),
            resource=resource,
            scope_name=self.text(span.scope_name, counts),
            scope_version=self.text(span.scope_version, counts),
        )

    def _object(self, value: JsonObject, counts: Counter[str], depth: int = _NESTED_JSON) -> JsonObject:
        return {self._text(key, counts, depth): self._under(key, item, counts, depth) for key, item in value.items()}

    def _under(self, key: str, value: AttributeValue, counts: Counter[str], depth: int) -> AttributeValue:
        if self._hides_secret_keys and isinstance(value, str) and value and _is_secret_key(key):
            counts["secret"] += 1
            return _mark("secret")
        return self._value(value, counts, depth)

    def _value(self, value: AttributeValue, counts: Counter[str], depth: int) -> AttributeValue:
        match value:
            case str():
                return self._text(value, counts, depth)
            case bool():
                return value
            case int() if self._hides_cards and _is_card(str(value)):
                counts["card"] += 1
                return _mark("card")
            case list():
                return [self._value(item, counts, depth) for item in value]
            case dict():
                return self._object(value, counts, depth)
            case _:
                return value

    def _text(self, text: str, counts: Counter[str], depth: int) -> str:
        if self._any is None or not text:
            return text
        is_found = self._any.search(text) is not None
        if depth and (is_found or "\\u" in text):
            inner = _json_inside(text)
            if inner is not None:
                return self._json(text, inner, counts, depth - 1)
        if not is_found:
            return text
        for rule in self._rules:
            text = _applied(rule, text, counts)
        return text

    def _json(self, text: str, inner: AttributeValue, counts: Counter[str], depth: int) -> str:
        """Redact what a JSON text holds; the text itself is kept where nothing was found."""
        before = counts.total()
        clean = self._value(inner, counts, depth)
        return text if counts.total() == before else orjson.dumps(clean).decode()


def check(redaction: Redaction) -> None:
    """Raise `InvalidInput` where a custom pattern cannot be used, and say why."""
    Redactor(redaction)


def _applied(rule: _Rule, text: str, counts: Counter[str]) -> str:
    mark = _mark(rule.kind)

    def replaced(match: _Match) -> str:
        new = rule.replace(match, mark)
        if new is None:
            return match.group(0) or ""
        counts[rule.kind] += max(1, new.count(mark))
        return new

    return rule.pattern.sub(replaced, text)


def _mark(kind: str) -> str:
    return f"[redacted:{kind}]"


def _whole(_: _Match, mark: str) -> str:
    return mark


def _behind_first(match: _Match, mark: str) -> str:
    return f"{match.group(1) or ''}{mark}"


def _between(match: _Match, mark: str) -> str:
    return f"{match.group(1)}{mark}{match.group(3)}"


def _phone(match: _Match, mark: str) -> str | None:
    digits = sum(character.isdigit() for character in match.group(2) or "")
    return _behind_first(match, mark) if digits >= _PHONE_DIGITS else None


def _dashed_key(match: _Match, mark: str) -> str | None:
    has_digit = any(character.isdigit() for character in match.group(2) or "")
    return _behind_first(match, mark) if has_digit else None


def _assigned(match: _Match, mark: str) -> str | None:
    return _behind_first(match, mark) if _looks_random(match.group(2) or "") else None


def _card(match: _Match, mark: str) -> str | None:
    """Replace the card numbers in a run of digits; they begin and end where the run's groups do."""
    groups = re.split(r"([ -])", match.group(0) or "")
    kept: list[str] = []
    position, is_found = 0, False
    while position < len(groups):
        length = _card_length(groups, position)
        is_found = is_found or length > 0
        kept += [mark] if length else [groups[position]]
        position += length or 1
        kept += groups[position : position + 1]
        position += 1
    return "".join(kept) if is_found else None


def _card_length(groups: Sequence[str], start: int) -> int:
    """Return how many groups and separators from `start` on make up a card number, 0 for none."""
    digits = ""
    for position in range(start, len(groups), 2):
        digits += groups[position]
        if _is_card(digits):
            return position + 1 - start
        if len(digits) >= _CARD_DIGITS.stop:
            break
    return 0


def _is_card(digits: str) -> bool:
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


def _is_secret_key(key: str) -> bool:
    return key.rpartition(".")[2].lower().replace("-", "").replace("_", "") in _SECRET_KEYS


def _json_inside(text: str) -> AttributeValue:
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return None
    try:
        return cast("AttributeValue", orjson.loads(text))
    except ValueError:
        return None


def _compiled(pattern: str) -> _Pattern:
    options = cast("Any", re2).Options()
    options.log_errors = False
    return cast("_Pattern", cast("Any", re2).compile(pattern, options))


def _compiled_custom(pattern: str, where: str) -> _Pattern:
    if len(pattern) > _MAX_PATTERN_CHARS:
        raise InvalidInput(f"a pattern of {len(pattern)} characters is over {_MAX_PATTERN_CHARS}", where=where)
    try:
        compiled = _compiled(pattern)
    except cast("type[Exception]", cast("Any", re2).error) as error:
        raise InvalidInput(
            f"{pattern!r} is not a pattern of RE2 ({error}); it knows no look-around and no back-references",
            where=where,
        ) from error
    if compiled.search("") is not None:
        raise InvalidInput(f"{pattern!r} matches the empty text: it would redact everywhere", where=where)
    return compiled


_ORDER: Final[tuple[RedactionKind, ...]] = ("secret", "email", "card", "phone")
_SOURCES: Final[dict[RedactionKind, tuple[str, ...]]] = {
    "secret": (_TOKENS, _DASHED_KEY, _BEARER, _ADDRESS, _ASSIGNED),
    "email": (_EMAIL,),
    "card": (_CARD,),
    "phone": _PHONES,
}
_REPLACE: Final[dict[str, Replace]] = {
    _TOKENS: _whole,
    _DASHED_KEY: _dashed_key,
    _BEARER: _behind_first,
    _ADDRESS: _between,
    _ASSIGNED: _assigned,
    _EMAIL: _behind_first,
    _CARD: _card,
    **dict.fromkeys(_PHONES, _phone),
}


def _rules_of(kind: RedactionKind) -> list[_Rule]:
    return [_Rule(kind, _compiled(source), _REPLACE[source]) for source in _SOURCES[kind]]
