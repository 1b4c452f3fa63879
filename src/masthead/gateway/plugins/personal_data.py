"""Personal data and keys: placeholders on the way to the model, the values again on the way back.

Guards, limits, routing and the cache see what the client said and got.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from masthead.gateway.call import Exchange, Verdict
from masthead.gateway.config_plugins import Action, PersonalDataConfig
from masthead.gateway.plugins.asked import is_json_asked
from masthead.gateway.plugins.personal import sensitive
from masthead.gateway.plugins.plugin import counted, note, refused
from masthead.gateway.plugins.texts.edit import Edit, Edits, QuietEdits
from masthead.gateway.plugins.texts.request import changed_call
from masthead.gateway.plugins.texts.slots import Channel
from masthead.gateway.plugins.veil import LITERAL, Hiding, RestoreEdit, Veil, Veils
from masthead.gateway.plugins.veiled import Veiled, scope_of
from masthead.ingest.sensitive import Sensitive

_LONGEST_SEGMENT: Final = 400
"""Answers are searched line by line, and a longer line in pieces of so many characters."""


class PersonalData:
    """The plugin. `configs` are those that hold for one model; what they look for is looked for together."""

    kind = "pii"

    def __init__(self, config: PersonalDataConfig, veils: Veils) -> None:
        self._config = config
        self._veils = veils
        self._sensitive = sensitive(config.find, config.patterns, first=(LITERAL,))
        self._masking = sensitive(config.find, config.patterns)

    def request(self, exchange: Exchange) -> None:
        """Replace, refuse or note what the call holds."""
        if not is_replacing(self._config):
            self._look(exchange)
            return
        scope = scope_of(exchange)
        veil = exchange.veil.veil_of(exchange) if isinstance(exchange.veil, Veiled) else self._veils.of(scope)
        hiding = Hiding(self._sensitive, veil)
        call = changed_call(exchange.outgoing, hiding.text)
        if call is not exchange.outgoing:
            exchange.sent = call
            self._veils.keep(scope, veil)
        if hiding.found:
            note(exchange, Verdict("pii", "request", "corrected", _counts(hiding)))
        exchange.content.veil = veil

    def answer(self, exchange: Exchange) -> Sequence[Edits]:
        """Mask what the model brings up itself, then put back what it was not shown."""
        edits: list[Edits] = []
        if self._config.at != "request":
            edits.append(_Masking(exchange, self._config, self._masking))
        veil: Veil | None = exchange.content.veil
        if veil is not None and len(veil):
            edits.append(_Restoring(veil, is_json_text=is_json_asked(exchange.call)))
        return edits

    def _look(self, exchange: Exchange) -> None:
        if self._config.at == "response":
            return
        hiding = Hiding(self._masking, Veil())
        changed_call(exchange.outgoing, hiding.text)
        if not hiding.found:
            return
        if self._config.on == "record":
            note(exchange, Verdict("pii", "request", "recorded", _counts(hiding)))
            return
        kinds = ", ".join(sorted(hiding.found))
        message = f"this call holds personal data or keys, which this gateway does not pass on: {kinds}"
        raise refused(exchange, Verdict("pii", "request", "blocked", _counts(hiding)), message)


class _Restoring(QuietEdits):
    def __init__(self, veil: Veil, *, is_json_text: bool) -> None:
        self._veil = veil
        self._is_json_text = is_json_text

    def edit(self, channel: Channel) -> Edit | None:
        return RestoreEdit(self._veil, is_json=self._is_json(channel))

    def whole(self, channel: Channel, text: str) -> str:
        return self._veil.restored(text, is_json=self._is_json(channel))

    def _is_json(self, channel: Channel) -> bool:
        return channel.kind == "arguments" or (channel.kind == "text" and self._is_json_text)


class _Masking(QuietEdits):
    """Masks, refuses or notes what an answer brings up itself."""

    def __init__(self, exchange: Exchange, config: PersonalDataConfig, found_by: Sensitive) -> None:
        self._exchange = exchange
        self._on: Action = config.on
        self._sensitive = found_by

    def edit(self, channel: Channel) -> Edit | None:
        return None if channel.kind == "echo" else _BySegment(self)

    def changed(self, text: str) -> str:
        """Return a piece of text as it may be passed on."""
        if not self._sensitive.is_in(text):
            return text
        kinds: set[str] = set()

        def put(kind: str, _: str) -> str:
            kinds.add(kind)
            return f"[redacted:{kind}]"

        masked = self._sensitive.replaced(text, put)
        found = tuple(sorted(kinds))
        if not found:
            return text
        match self._on:
            case "block":
                message = f"the model's answer held personal data or keys, which are not passed on: {', '.join(found)}"
                raise refused(self._exchange, Verdict("pii", "response", "blocked", found), message)
            case "correct":
                note(self._exchange, Verdict("pii", "response", "corrected", found))
                return masked
            case "record":
                note(self._exchange, Verdict("pii", "response", "recorded", found))
                return text


class _BySegment:
    """Hands on a text line by line: where it is cut depends on the text alone."""

    def __init__(self, masking: _Masking) -> None:
        self._masking = masking
        self._held = ""

    def feed(self, piece: str) -> str:
        self._held += piece
        done: list[str] = []
        begun = 0
        while (end := _segment_end(self._held, begun)) > begun:
            done.append(self._masking.changed(self._held[begun:end]))
            begun = end
        self._held = self._held[begun:]
        return "".join(done)

    def close(self, *, is_whole: bool) -> str:
        del is_whole
        text, self._held = self._held, ""
        return self._masking.changed(text)

    def held(self) -> str:
        return self._held


def _segment_end(text: str, begun: int) -> int:
    """Return where the segment ends that begins there; there, where it is not whole yet."""
    longest = begun + _LONGEST_SEGMENT
    newline = text.find("\n", begun, longest)
    if newline >= 0:
        return newline + 1
    if len(text) < longest:
        return begun
    return text.rfind(" ", begun, longest) + 1 or longest


def is_replacing(config: PersonalDataConfig) -> bool:
    """Say whether a plugin puts placeholders into calls."""
    return config.on == "correct" and config.at != "response"


def _counts(hiding: Hiding) -> tuple[str, ...]:
    return counted((kind, len(placeholders)) for kind, placeholders in hiding.found.items())


def merged(configs: Sequence[PersonalDataConfig]) -> list[PersonalDataConfig]:
    """Return those that replace as one, which looks for all that any of them does; the others as they are.

    Two that replaced one after the other would take each other's placeholders for something to be replaced.
    """
    replacing = [one for one in configs if is_replacing(one)]
    if len(replacing) < 2:
        return list(configs)
    together = replacing[0].model_copy(
        update={
            "find": tuple(dict.fromkeys(kind for one in replacing for kind in one.find)),
            "patterns": all_patterns([one.patterns for one in replacing]),
            "at": "both" if any(one.at == "both" for one in replacing) else "request",
            "record": "placeholders" if any(one.record == "placeholders" for one in replacing) else "original",
            "if_broken": "refuse" if any(one.if_broken == "refuse" for one in replacing) else "allow",
        }
    )
    return [*(one for one in configs if one not in replacing), together]


def all_patterns(several: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return all patterns; a second one of a name gets a number behind it."""
    made: dict[str, str] = {}
    for at, patterns in enumerate(several):
        for name, pattern in patterns.items():
            made[name if made.get(name, pattern) == pattern else f"{name}{at}"] = pattern
    return made
