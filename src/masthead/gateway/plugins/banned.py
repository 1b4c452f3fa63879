"""Words and patterns that may not be said: refused, masked or noted, in calls and in answers, also across chunks."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from masthead.gateway.call import Exchange, Verdict
from masthead.gateway.config_plugins import BannedConfig
from masthead.gateway.plugins.plugin import note, refused
from masthead.gateway.plugins.texts.edit import Edit, Edits, QuietEdits
from masthead.gateway.plugins.texts.request import changed_call
from masthead.gateway.plugins.texts.slots import Channel
from masthead.ingest.sensitive import Pattern, compiled

_STEP: Final = 32
"""Of a stream so many characters are judged at a time."""
_WORDS_TOGETHER: Final = 500
_UNSAFE: Final = frozenset('"\\')


class Hit(NamedTuple):
    """What was found, and where."""

    start: int
    end: int
    label: str


class _Search(NamedTuple):
    label: str
    pattern: Pattern
    group: int


class Matcher:
    """Finds banned words and patterns in a text."""

    def __init__(self, words: Sequence[str], patterns: dict[str, str], longest: int) -> None:
        ordered = sorted(set(words), key=len, reverse=True)
        groups = [ordered[at : at + _WORDS_TOGETHER] for at in range(0, len(ordered), _WORDS_TOGETHER)]
        self._searches = [_Search("words", _words(group), 2) for group in groups]
        self._searches += [_Search(name, compiled(pattern), 0) for name, pattern in patterns.items()]
        longest_word = max(map(len, ordered), default=0) + 2
        self.longest = max(longest_word, longest if patterns else 0)
        """What is found may be so long, in characters."""

    def first(self, text: str, start: int) -> Hit | None:
        """Return what begins first at a place or behind it, the longest where several do; what is before is context."""
        found: Hit | None = None
        for search in self._searches:
            hit = _first(search, text, start)
            if hit is not None and (found is None or (hit.start, -hit.end) < (found.start, -found.end)):
                found = hit
        return found


def _words(words: Sequence[str]) -> Pattern:
    # RE2's own word boundaries know ASCII alone.
    return compiled(r"(^|[^\pL\pN_])((?i:" + "|".join(map(_quoted, words)) + r"))(?:[^\pL\pN_]|$)")


def _quoted(word: str) -> str:
    return r"\s+".join(re.sub(r"([^\w])", r"\\\1", part) if part.isascii() else _escaped(part) for part in word.split())


def _escaped(part: str) -> str:
    return "".join(
        f"\\{character}" if character.isascii() and not character.isalnum() else character for character in part
    )


def _first(search: _Search, text: str, start: int) -> Hit | None:
    at = max(0, start - 1) if search.group else start
    while (match := search.pattern.search(text, at)) is not None:
        begin, end = match.span(search.group)
        if begin >= start and end > begin:
            return Hit(begin, end, search.label)
        at = max(end, at + 1)
        if at > len(text):
            break
    return None


class Banned:
    """The plugin."""

    kind = "banned"

    def __init__(self, config: BannedConfig) -> None:
        self._config = config
        self._matcher = Matcher(config.words, config.patterns, config.longest)

    def request(self, exchange: Exchange) -> None:
        """Refuse, mask or note what the call holds."""
        if self._config.at == "response":
            return
        labels: set[str] = set()
        call = changed_call(exchange.outgoing, lambda text: self._masked(text, labels))
        if not labels:
            return
        found = tuple(sorted(labels))
        match self._config.on:
            case "block":
                message = f"this call holds content that this gateway does not pass on ({', '.join(found)})"
                raise refused(exchange, Verdict("banned", "request", "blocked", found), message)
            case "correct":
                exchange.sent = call
                note(exchange, Verdict("banned", "request", "corrected", found))
            case "record":
                note(exchange, Verdict("banned", "request", "recorded", found))

    def answer(self, exchange: Exchange) -> Sequence[Edits]:
        """Refuse, mask or note what the model says."""
        return () if self._config.at == "request" else (BannedEdits(exchange, self._config, self._matcher),)

    def _masked(self, text: str, labels: set[str]) -> str:
        parts: list[str] = []
        at = 0
        while (hit := self._matcher.first(text, at)) is not None:
            labels.add(hit.label)
            parts += (text[at : hit.start], self._config.mask)
            at = hit.end
        return "".join([*parts, text[at:]]) if parts else text


class BannedEdits(QuietEdits):
    """What is done to one answer."""

    def __init__(self, exchange: Exchange, config: BannedConfig, matcher: Matcher) -> None:
        self._exchange = exchange
        self.config = config
        self.matcher = matcher

    def edit(self, channel: Channel) -> Edit | None:
        """Watch everything that the model says."""
        if channel.kind == "echo":
            return None
        return _Watch(self) if self.config.on == "record" else _Window(self, is_json=channel.kind == "arguments")

    def saw(self, hit: Hit, text: str, *, is_json: bool) -> None:
        """Take note of what was found; end the answer where that is what is to be done."""
        verdict = Verdict("banned", "response", "recorded", (hit.label,))
        if self.config.on == "record":
            note(self._exchange, verdict)
            return
        if self.config.on == "correct" and not (is_json and _UNSAFE.intersection(text[hit.start : hit.end])):
            note(self._exchange, verdict._replace(action="corrected"))
            return
        message = f"the model's answer held content that this gateway does not pass on ({hit.label})"
        raise refused(self._exchange, verdict._replace(action="blocked"), message)


class _Window:
    """Judges a text step by step, each step with as much of what follows as may belong to it.

    So what is found depends on the text alone, not on how it was cut. One character of what went before is kept, for
    the boundaries of words.
    """

    def __init__(self, edits: BannedEdits, *, is_json: bool) -> None:
        self._edits = edits
        self._is_json = is_json
        self._view_size = _STEP + edits.matcher.longest
        self._text = ""
        self._start = 0

    def feed(self, piece: str) -> str:
        self._text += piece
        done: list[str] = []
        while len(self._text) - self._start >= self._view_size:
            self._judge(self._start + self._view_size, self._start + _STEP, done)
        kept = max(0, self._start - 1)
        self._text, self._start = self._text[kept:], self._start - kept  # once a piece: it may be megabytes
        return "".join(done)

    def close(self, *, is_whole: bool) -> str:
        del is_whole
        done: list[str] = []
        self._judge(len(self._text), len(self._text), done)
        return "".join(done)

    def held(self) -> str:
        return self._text[self._start :]

    def _judge(self, view_end: int, end: int, done: list[str]) -> None:
        """Pass on what begins before `end`, masked where it is to be."""
        begin = max(0, self._start - 1)
        view, at, end = self._text[begin:view_end], self._start - begin, end - begin
        while at < end and (hit := self._edits.matcher.first(view, at)) is not None and hit.start < end:
            self._edits.saw(hit, view, is_json=self._is_json)
            done += (view[at : hit.start], self._edits.config.mask)
            at = hit.end
        if at < end:
            done.append(view[at:end])
            at = end
        self._start = begin + at


class _Watch(_Window):
    """Judges a text and passes it on at once, as it is."""

    def __init__(self, edits: BannedEdits) -> None:
        super().__init__(edits, is_json=False)

    def feed(self, piece: str) -> str:
        super().feed(piece)
        return piece

    def close(self, *, is_whole: bool) -> str:
        super().close(is_whole=is_whole)
        return ""

    def held(self) -> str:
        return ""
